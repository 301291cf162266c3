/* Ids, confusion and statistics of a made frame of several classes, in every layout, encoding and interpolation; and one class
 * against the rest. Prints the bits of every number: the same on a microcontroller and on a server.
 *
 * 16 KiB of RAM are enough, for neither scores nor ids are ever all in memory. */
#include "made.h"
#include "print.h"

#define HEIGHT 24
#define WIDTH 32
#define CLASSES 9
#define FACTOR 8
#define WATCHED 4
#define DISTANCE 3

uint32_t stack_used(void);

static const made_frame frame = {HEIGHT, WIDTH, CLASSES, FACTOR};
static union {
    sgm_classes_rows rows;
    uint8_t bytes[SGM_CLASSES_ROWS_SIZE(WIDTH, CLASSES, FACTOR)];
} memory;
static union {
    sgm_boundary_rows rows;
    uint8_t bytes[SGM_BOUNDARY_ROWS_SIZE(WIDTH * FACTOR, DISTANCE)];
} edges;
static sgm_boundary_counts boundary;
static sgm_classes_sums sums;
static sgm_sketch sketch;
static uint64_t counts[CLASSES * CLASSES];
static uint8_t scores[WIDTH * CLASSES], ids[WIDTH * FACTOR], labels[WIDTH * FACTOR];
static int8_t codes[CLASSES * WIDTH];

/** A row of scores: classes side by side, or a row of each after the other. */
static void make_row(uint32_t y, uint8_t encoding, size_t plane) {
    for (uint32_t x = 0; x < WIDTH; x++) {
        for (uint32_t id = 0; id < CLASSES; id++) {
            const uint8_t score = (uint8_t)made_score(&frame, y, x, id);
            scores[plane == 0 ? x * CLASSES + id : id * plane + x] = encoding == SGM_SIGNED ? score : score ^ 0x80;
        }
    }
}

/** Takes the rows of ids that wait, beside their labels, of which there are as many as `y` counts. */
static void count(uint32_t *y, uint32_t *sum) {
    sgm_status status;
    while ((status = sgm_classes_rows_next_row(&memory.rows, ids, sizeof ids)) == SGM_OK) {
        for (uint32_t x = 0; x < WIDTH * FACTOR; x++) {
            labels[x] = made_label(&frame, *y, x);
            *sum = made_sum(*sum, ids[x]);
        }
        check(sgm_classes_confusion_push_row(counts, CLASSES, ids, labels, sizeof ids, SGM_IGNORE));
        check(sgm_boundary_rows_push_row(&edges.rows, ids, labels, sizeof ids, WATCHED, SGM_IGNORE));
        ++*y;
    }
    if (status != SGM_NONE) {
        check(status);
    }
}

/** The logits of one class against the rest, beside labels of their size. */
static void watch(uint32_t y, uint8_t encoding, size_t plane) {
    const made_frame coarse = {HEIGHT, WIDTH, CLASSES, 1};
    check(sgm_classes_against_rest(scores, WIDTH, plane, CLASSES, encoding, codes));
    for (uint32_t x = 0; x < WIDTH; x++) {
        const uint8_t label = made_label(&coarse, y, x);
        labels[x] = label == SGM_IGNORE ? SGM_IGNORE : label == WATCHED;
    }
    check(sgm_sketch_push_row(&sketch, codes + WATCHED * WIDTH, labels, WIDTH, SGM_IGNORE));
}

static void print_overlap(void) {
    double value = 0;
    uint32_t iou, dice;
    check(sgm_find(SGM_METRICS, "iou", &iou));
    check(sgm_find(SGM_METRICS, "dice", &dice));
    for (uint32_t id = 0; id < CLASSES; id++) {
        sgm_confusion one;
        check(sgm_classes_confusion_of(counts, CLASSES, id, &one));
        sgm_status status = sgm_metric(&one, iou, &value);
        print_double(status, value);
        status = sgm_metric(&one, dice, &value);
        print_double(status, value);
    }
    sgm_status status = sgm_classes_mean_iou(counts, CLASSES, &value);
    print_double(status, value);
    status = sgm_classes_pixel_accuracy(counts, CLASSES, &value);
    print_double(status, value);
}

static void print_boundary(void) {
    double value = 0;
    boundary.both = boundary.either = 0;
    check(sgm_boundary_rows_finish(&edges.rows, &boundary));
    hex((uint32_t)boundary.both, 8);
    hex((uint32_t)boundary.either, 8);
    const sgm_status status = sgm_boundary_iou(&boundary, &value);
    print_double(status, value);
}

static void print_statistics(void) {
    sgm_classes_statistics found;
    double value = 0;
    check(sgm_classes_sums_statistics(&sums, &found));
    hex((uint32_t)found.mean_margin, 8);
    hex((uint32_t)found.mean_energy, 8);
    hex((uint32_t)found.mean_confidence, 8);
    hex((uint32_t)found.mean_entropy, 8);
    hex(found.pixels, 8);
    for (uint32_t id = 0; id < CLASSES; id++) {
        hex(found.predicted[id], 4);
    }
    const sgm_status status = sgm_sketch_auroc(&sketch, &value);
    print_double(status, value);
}

int main(void) {
    check(sgm_boundary_rows_init(&edges.rows, sizeof edges, WIDTH * FACTOR, DISTANCE, 1));
    for (uint8_t kind = 0; kind < 12; kind++) {
        const uint8_t encoding = kind & 1 ? SGM_SIGNED : SGM_UNSIGNED;
        const size_t plane = kind & 2 ? WIDTH : 0;
        const sgm_classes_layout layout = {HEIGHT, WIDTH, CLASSES, FACTOR, encoding, kind / 4};
        const sgm_quantiser quantiser = {0.125f, encoding == SGM_SIGNED ? 3 : 131, encoding, SGM_LOGITS};
        const sgm_quantiser of_one = {0.125f, 0, SGM_SIGNED, SGM_LOGITS};
        uint32_t sum = 0x811c9dc5u, given = 0;
        check(sgm_classes_rows_init(&memory.rows, sizeof memory, &layout));
        check(sgm_classes_sums_init(&sums, sizeof sums, &quantiser, CLASSES, 1.0f));
        check(sgm_sketch_init(&sketch, sizeof sketch, &of_one));
        for (size_t place = 0; place < CLASSES * CLASSES; place++) {
            counts[place] = 0;
        }
        for (uint32_t y = 0; y < HEIGHT; y++) {
            make_row(y, encoding, plane);
            check(sgm_classes_rows_push_row(&memory.rows, scores, WIDTH, plane));
            check(sgm_classes_sums_push_row(&sums, scores, WIDTH, plane));
            count(&given, &sum);
            watch(y, encoding, plane);
        }
        platform_print("classes");
        hex(kind, 2);
        hex(given, 4);
        hex(sum, 8);
        print_overlap();
        print_boundary();
        print_statistics();
        platform_print("\n");
    }
#if !defined(__linux__)
    platform_print("# stack");
    hex(stack_used(), 4);
    platform_print("\n");
#endif
    return 0;
}
