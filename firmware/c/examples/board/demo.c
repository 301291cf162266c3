/* The bundled road frames, row by row: losses and metrics against the float network's mask, and drift against a profile.
 * Prints the bits of every number, one line a frame: the same on a microcontroller and on a server.
 *
 * 16 KiB of RAM are enough, for no frame is ever in memory. */
#include <segmeter.h>

#include "print.h"

#define FRAMES 221
#define HEIGHT 120
#define WIDTH 160
#define PACKED (WIDTH / 8)

extern const uint8_t demo_profile[];
uint32_t stack_used(void);

static sgm_table table;
static sgm_sketch sketch;
static sgm_monitor monitor;

/** Every loss that a sketch has, or three of them. */
static void losses(int every) {
    static const char *const few[] = {"bce", "dice", "lovasz_hinge"};
    const uint32_t count = every ? sgm_count(SGM_LOSSES) : 3;
    for (uint32_t place = 0; place < count; place++) {
        uint32_t loss = place;
        float value = 0;
        if (!every) {
            check(sgm_find(SGM_LOSSES, few[place], &loss));
        }
        const sgm_status status = sgm_loss(&sketch, &table, loss, NULL, 0, &value);
        if (status != SGM_ERROR_UNSUPPORTED) {
            print_float(status, value);
        }
    }
}

__attribute__((noinline)) static void metrics(void) {
    sgm_confusion confusion;
    sgm_calibration calibration = {0, 0, 0, 0};
    double value = 0;
    uint32_t iou;
    check(sgm_sketch_confusion(&sketch, &table, &confusion));
    check(sgm_find(SGM_METRICS, "iou", &iou));
    /* A status first: C says not in which order arguments are evaluated. */
    sgm_status status = sgm_metric(&confusion, iou, &value);
    print_double(status, value);
    status = sgm_sketch_auroc(&sketch, &value);
    print_double(status, value);
    status = sgm_sketch_average_precision(&sketch, &value);
    print_double(status, value);
    status = sgm_sketch_calibration(&sketch, &table, &calibration);
    print_double(status, calibration.expected_error);
}

__attribute__((noinline)) static void drift(void) {
    sgm_observation seen;
    uint8_t packet[SGM_PACKET_SIZE];
    check(sgm_monitor_end(&monitor, &sketch, &table, NULL, &seen));
    hex(seen.invalid, 2);
    for (int signal = 0; signal < SGM_SIGNAL_COUNT; signal++) {
        hex((uint32_t)seen.signals[signal], 8);
    }
    hex((uint32_t)seen.estimate.low, 8);
    hex((uint32_t)seen.estimate.value, 8);
    hex((uint32_t)seen.estimate.high, 8);
    hex((uint32_t)seen.harm.lost, 8);
    check(sgm_monitor_packet(&monitor, 0, packet, sizeof packet));
    platform_print(" ");
    for (size_t place = 0; place < sizeof packet; place++) {
        char text[3] = {"0123456789abcdef"[packet[place] >> 4], "0123456789abcdef"[packet[place] & 15], 0};
        platform_print(text);
    }
}

/** Reads a frame row by row; whether it was there. On its own, so that rows are not on the stack of the others. */
__attribute__((noinline)) static int read_frame(int codes, int labels) {
    for (int row = 0; row < HEIGHT; row++) {
        int8_t outputs[WIDTH];
        uint8_t foreground[PACKED];
        if (!platform_read(codes, outputs, sizeof outputs) || !platform_read(labels, foreground, PACKED)) {
            return 0;
        }
        check(sgm_sketch_push_packed_row(&sketch, outputs, foreground, NULL, WIDTH));
        check(sgm_monitor_push_row(&monitor, outputs, WIDTH));
    }
    return 1;
}

int main(void) {
    sgm_quantiser quantiser;
    const int codes = platform_open("road_i8.bin"), labels = platform_open("reference_bits.bin");
    if (codes < 0 || labels < 0 || sgm_abi_version() != SGM_ABI_VERSION) {
        platform_print("error: no road_i8.bin or reference_bits.bin here, or another library\n");
        return 1;
    }
    check(sgm_profile_quantiser(demo_profile, SGM_PROFILE_SIZE, &quantiser));
    check(sgm_table_init(&table, sizeof table, &quantiser));
    check(sgm_sketch_init(&sketch, sizeof sketch, &quantiser));
    check(sgm_monitor_init(&monitor, sizeof monitor, demo_profile, SGM_PROFILE_SIZE));
    for (uint32_t frame = 0; frame < FRAMES; frame++) {
        check(sgm_sketch_reset(&sketch));
        check(sgm_monitor_begin(&monitor, HEIGHT, WIDTH));
        if (!read_frame(codes, labels)) {
            platform_print("error: a file is too short\n");
            return 1;
        }
        platform_print("frame");
        hex(frame, 2);
        losses(frame % 20 == 0);
        metrics();
        drift();
        platform_print("\n");
    }
#if !defined(__linux__)
    platform_print("# stack");
    hex(stack_used(), 4);
    platform_print("\n");
#endif
    return 0;
}
