/* Whatever is passed, a status comes back. Objects are on the heap, at their exact size, so that AddressSanitizer and
 * valgrind see a byte too much; what a refused call must not touch is compared. Reads demo.profile here. */
#include "hostile.h"

#include <math.h>

int failures;

static const sgm_quantiser logits = {0.10186973959207535f, 15, SGM_SIGNED, SGM_LOGITS};
uint8_t profile[SGM_PROFILE_SIZE];
int8_t codes[PIXELS];
static uint8_t labels[PIXELS];

void *memory(size_t size, int fill) {
    void *made = aligned_alloc(SGM_ALIGNMENT, (size + SGM_ALIGNMENT - 1) / SGM_ALIGNMENT * SGM_ALIGNMENT);
    if (made == NULL) {
        abort();
    }
    return memset(made, fill, size);
}

objects make(void) {
    objects made = {memory(sizeof(sgm_table), 0xaa), memory(sizeof(sgm_sketch), 0xaa), memory(sizeof(sgm_monitor), 0xaa)};
    EXPECT(SGM_OK, sgm_table_init(made.table, sizeof *made.table, &logits));
    EXPECT(SGM_OK, sgm_sketch_init(made.sketch, sizeof *made.sketch, &logits));
    EXPECT(SGM_OK, sgm_monitor_init(made.monitor, sizeof *made.monitor, profile, sizeof profile));
    return made;
}

void drop(objects made) {
    free(made.table);
    free(made.sketch);
    free(made.monitor);
}

/* Every function with storage that is none: `expected` for each of the three. */
static void no_objects(const sgm_table *table, const sgm_sketch *sketch, const sgm_monitor *monitor, sgm_status expected) {
    objects good = make();
    sgm_confusion confusion;
    sgm_calibration calibration;
    sgm_statistics statistics;
    sgm_observation seen;
    sgm_verdict verdict;
    uint8_t bytes[SGM_SNAPSHOT_SIZE];
    uint32_t number;
    float value;
    double exact;
    sgm_sketch *bad_sketch = (sgm_sketch *)(uintptr_t)sketch;
    sgm_monitor *bad_monitor = (sgm_monitor *)(uintptr_t)monitor;
    EXPECT(expected, sgm_sketch_reset(bad_sketch));
    EXPECT(expected, sgm_sketch_push_row(bad_sketch, codes, labels, WIDTH, SGM_IGNORE));
    EXPECT(expected, sgm_sketch_push_row(bad_sketch, codes, NULL, WIDTH, SGM_IGNORE));
    EXPECT(expected, sgm_sketch_push_packed_row(bad_sketch, codes, labels, NULL, WIDTH));
    EXPECT(expected, sgm_sketch_merge(bad_sketch, good.sketch));
    EXPECT(expected, sgm_sketch_merge(good.sketch, sketch));
    EXPECT(expected, sgm_sketch_pixels(sketch, &number, NULL, NULL));
    EXPECT(expected, sgm_loss(sketch, good.table, 0, NULL, 0, &value));
    EXPECT(expected, sgm_loss(good.sketch, table, 0, NULL, 0, &value));
    EXPECT(expected, sgm_sketch_confusion(sketch, good.table, &confusion));
    EXPECT(expected, sgm_sketch_confusion(good.sketch, table, &confusion));
    EXPECT(expected, sgm_sketch_auroc(sketch, &exact));
    EXPECT(expected, sgm_sketch_average_precision(sketch, &exact));
    EXPECT(expected, sgm_sketch_calibration(sketch, good.table, &calibration));
    EXPECT(expected, sgm_sketch_calibration(good.sketch, table, &calibration));
    EXPECT(expected, sgm_sketch_statistics(sketch, good.table, &statistics));
    EXPECT(expected, sgm_sketch_statistics(good.sketch, table, &statistics));
    EXPECT(expected, sgm_monitor_verdict(monitor, &verdict));
    EXPECT(expected, sgm_monitor_acknowledge(bad_monitor));
    EXPECT(expected, sgm_monitor_capture_site(bad_monitor));
    EXPECT(expected, sgm_monitor_seal_site(bad_monitor));
    EXPECT(expected, sgm_monitor_site(monitor, &number, &number));
    EXPECT(expected, sgm_monitor_save(monitor, 1, bytes, sizeof bytes));
    EXPECT(expected, sgm_monitor_restore(bad_monitor, bytes, sizeof bytes, NULL));
    EXPECT(expected, sgm_monitor_lost(bad_monitor));
    EXPECT(expected, sgm_monitor_packet(bad_monitor, 0, bytes, SGM_PACKET_SIZE));
    EXPECT(expected, sgm_monitor_begin(bad_monitor, HEIGHT, WIDTH));
    EXPECT(expected, sgm_monitor_push_row(bad_monitor, codes, WIDTH));
    EXPECT(expected, sgm_monitor_end(bad_monitor, good.sketch, good.table, NULL, &seen));
    EXPECT(expected, sgm_monitor_end(good.monitor, sketch, good.table, NULL, &seen));
    EXPECT(expected, sgm_monitor_end(good.monitor, good.sketch, table, NULL, &seen));
    EXPECT(expected, sgm_monitor_watch(bad_monitor, good.sketch, good.table, codes, HEIGHT, WIDTH, NULL, &seen));
    EXPECT(expected, sgm_monitor_watch(good.monitor, bad_sketch, good.table, codes, HEIGHT, WIDTH, NULL, &seen));
    EXPECT(expected, sgm_monitor_watch(good.monitor, good.sketch, table, codes, HEIGHT, WIDTH, NULL, &seen));
    EXPECT(expected, sgm_monitor_miss(bad_monitor, SGM_INVALID_MISSING, &verdict));
    drop(good);
}

static void storage(void) {
    objects good = make();
    no_objects(NULL, NULL, NULL, SGM_ERROR_NULL);
    for (int fill = 0; fill < 256; fill += 85) {
        objects none = {memory(sizeof(sgm_table), fill), memory(sizeof(sgm_sketch), fill), memory(sizeof(sgm_monitor), fill)};
        no_objects(none.table, none.sketch, none.monitor, SGM_ERROR_KIND);
        drop(none);
    }
    /* Each in the place of another. */
    no_objects((sgm_table *)(void *)good.sketch, (sgm_sketch *)(void *)good.table, (sgm_monitor *)(void *)good.table,
               SGM_ERROR_KIND);
    char *apart = memory(sizeof(sgm_sketch) + SGM_ALIGNMENT, 0);
    for (size_t by = 1; by < SGM_ALIGNMENT; by += by) {
        no_objects((sgm_table *)(uintptr_t)(apart + by), (sgm_sketch *)(uintptr_t)(apart + by),
                   (sgm_monitor *)(uintptr_t)(apart + by), SGM_ERROR_MISALIGNED);
        EXPECT(SGM_ERROR_MISALIGNED, sgm_sketch_init((sgm_sketch *)(uintptr_t)(apart + by), sizeof(sgm_sketch), &logits));
    }
    /* Too short, which sizeof of another header would be; and one that is no object any more. */
    void *shorter = memory(sizeof(sgm_sketch) - 16, 0xaa);
    EXPECT(SGM_ERROR_STORAGE, sgm_table_init(shorter, sizeof(sgm_table) - 16, &logits));
    EXPECT(SGM_ERROR_STORAGE, sgm_sketch_init(shorter, sizeof(sgm_sketch) - 16, &logits));
    EXPECT(SGM_ERROR_STORAGE, sgm_monitor_init(shorter, 0, profile, sizeof profile));
    EXPECT(SGM_ERROR_NULL, sgm_table_init(NULL, sizeof(sgm_table), &logits));
    EXPECT(SGM_ERROR_NULL, sgm_sketch_init(good.sketch, sizeof(sgm_sketch), NULL));
    EXPECT(SGM_ERROR_NULL, sgm_monitor_init(good.monitor, sizeof(sgm_monitor), NULL, sizeof profile));
    EXPECT(SGM_OK, sgm_monitor_capture_site(good.monitor));
    profile[100] ^= 1;
    EXPECT(SGM_ERROR_CHECKSUM, sgm_monitor_init(good.monitor, sizeof(sgm_monitor), profile, sizeof profile));
    profile[100] ^= 1;
    EXPECT(SGM_ERROR_KIND, sgm_monitor_capture_site(good.monitor));
    free(shorter);
    free(apart);
    drop(good);
}

static void arguments(void) {
    objects good = make();
    float value = 7;
    double exact = 7;
    uint32_t number = 7, dice, bce;
    char text[48];
    const sgm_quantiser bad[] = {
        {0, 15, SGM_SIGNED, SGM_LOGITS},        {-1, 15, SGM_SIGNED, SGM_LOGITS},    {NAN, 15, SGM_SIGNED, SGM_LOGITS},
        {INFINITY, 15, SGM_SIGNED, SGM_LOGITS}, {0.1f, 128, SGM_SIGNED, SGM_LOGITS}, {0.1f, -1, SGM_UNSIGNED, SGM_LOGITS},
        {0.1f, 15, 2, SGM_LOGITS},              {0.1f, 15, SGM_SIGNED, 3},
        {1, 0, SGM_SIGNED, SGM_PROBABILITIES_OF_255},
    };
    for (size_t place = 0; place < sizeof bad / sizeof *bad; place++) {
        EXPECT(SGM_ERROR_QUANTISER, sgm_table_init(good.table, sizeof *good.table, &bad[place]));
        EXPECT(SGM_ERROR_QUANTISER, sgm_sketch_init(good.sketch, sizeof *good.sketch, &bad[place]));
    }
    /* Names: of every list, and none. */
    for (uint32_t list = 0; list < 5; list++) {
        TRUE(sgm_count(list) > 4);
        for (uint32_t place = 0; place < sgm_count(list); place++) {
            EXPECT(SGM_OK, sgm_name(list, place, text, sizeof text));
            EXPECT(SGM_OK, sgm_find(list, text, &number));
            TRUE(number == place);
            EXPECT(SGM_ERROR_LENGTH, sgm_name(list, place, text, strlen(text)));
        }
        EXPECT(SGM_ERROR_NAME, sgm_name(list, sgm_count(list), text, sizeof text));
        EXPECT(SGM_ERROR_NAME, sgm_find(list, "", &number));
    }
    char *endless = memory(4096, 'x');
    EXPECT(SGM_ERROR_NAME, sgm_find(SGM_LOSSES, endless, &number));
    EXPECT(SGM_ERROR_NAME, sgm_find(SGM_LOSSES, "\xff\xfe", &number));
    EXPECT(SGM_ERROR_NAME, sgm_find(5, "dice", &number));
    EXPECT(SGM_ERROR_NULL, sgm_find(SGM_LOSSES, NULL, &number));
    EXPECT(SGM_ERROR_NULL, sgm_find(SGM_LOSSES, "dice", NULL));
    EXPECT(SGM_ERROR_NULL, sgm_name(SGM_LOSSES, 0, NULL, 48));
    EXPECT(SGM_ERROR_MISALIGNED, sgm_find(SGM_LOSSES, "dice", (uint32_t *)(uintptr_t)(endless + 1)));
    TRUE(sgm_count(99) == 0);
    free(endless);
    /* Losses. */
    EXPECT(SGM_OK, sgm_find(SGM_LOSSES, "dice", &dice));
    EXPECT(SGM_OK, sgm_find(SGM_LOSSES, "bce", &bce));
    EXPECT(SGM_UNDEFINED, sgm_loss(good.sketch, good.table, bce, NULL, 0, &value));
    EXPECT(SGM_OK, sgm_sketch_push_row(good.sketch, codes, labels, PIXELS, SGM_IGNORE));
    EXPECT(SGM_ERROR_NAME, sgm_loss(good.sketch, good.table, sgm_count(SGM_LOSSES), NULL, 0, &value));
    EXPECT(SGM_ERROR_NAME, sgm_loss(good.sketch, good.table, UINT32_MAX, NULL, 0, &value));
    EXPECT(SGM_ERROR_NULL, sgm_loss(good.sketch, good.table, dice, NULL, 1, &value));
    const sgm_parameter *many_parameters = (sgm_parameter *)(void *)good.table;
    EXPECT(SGM_ERROR_LENGTH, sgm_loss(good.sketch, good.table, dice, many_parameters, SIZE_MAX / 8, &value));
    EXPECT(SGM_ERROR_NULL, sgm_loss(good.sketch, good.table, dice, NULL, 0, NULL));
    sgm_parameter parameters[2] = {{"smooth", NULL, NAN}, {"smooth", NULL, 1}};
    EXPECT(SGM_ERROR_PARAMETER, sgm_loss(good.sketch, good.table, dice, parameters, 1, &value));
    parameters[0].number = -1;
    EXPECT(SGM_ERROR_PARAMETER, sgm_loss(good.sketch, good.table, dice, parameters, 1, &value));
    parameters[0].number = 1;
    EXPECT(SGM_ERROR_NAME, sgm_loss(good.sketch, good.table, dice, parameters, 2, &value));
    parameters[0].name = "smoooth";
    EXPECT(SGM_ERROR_NAME, sgm_loss(good.sketch, good.table, dice, parameters, 1, &value));
    parameters[0].name = NULL;
    EXPECT(SGM_ERROR_NULL, sgm_loss(good.sketch, good.table, dice, parameters, 1, &value));
    parameters[0] = (sgm_parameter){"smooth", "much", 1};
    EXPECT(SGM_ERROR_PARAMETER, sgm_loss(good.sketch, good.table, dice, parameters, 1, &value));
    parameters[0] = (sgm_parameter){"average", "micro", 0};
    TRUE(value == 7);
    EXPECT(SGM_OK, sgm_loss(good.sketch, good.table, dice, parameters, 1, &value));
    TRUE(value >= 0 && value <= 1);
    for (uint32_t loss = 0; loss < sgm_count(SGM_LOSSES); loss++) {
        const sgm_status said = sgm_loss(good.sketch, good.table, loss, NULL, 0, &value);
        TRUE(said == SGM_OK || said == SGM_ERROR_UNSUPPORTED);
        TRUE(isfinite(value));
    }
    /* One by one they are the same. */
    float alone = 0;
    EXPECT(SGM_OK, sgm_loss(good.sketch, good.table, dice, parameters, 1, &value));
    EXPECT(SGM_OK, sgm_loss_dice(good.sketch, good.table, parameters, 1, &alone));
    TRUE(memcmp(&alone, &value, sizeof value) == 0);
    EXPECT(SGM_OK, sgm_loss(good.sketch, good.table, bce, NULL, 0, &value));
    EXPECT(SGM_OK, sgm_loss_cross_entropy(good.sketch, good.table, NULL, 0, &alone));
    TRUE(memcmp(&alone, &value, sizeof value) == 0);
    parameters[0].name = "smooth";
    EXPECT(SGM_ERROR_NAME, sgm_loss_cross_entropy(good.sketch, good.table, parameters, 1, &alone));
    EXPECT(SGM_ERROR_NULL, sgm_loss_lovasz_hinge(good.sketch, NULL, NULL, 0, &alone));
    /* Metrics. */
    sgm_confusion none = {0, 0, 0, 0}, many = {UINT64_MAX, 1, 1, 1};
    for (uint32_t metric = 0; metric < sgm_count(SGM_METRICS); metric++) {
        EXPECT(SGM_UNDEFINED, sgm_metric(&none, metric, &exact));
        EXPECT(SGM_ERROR_OVERFLOW, sgm_metric(&many, metric, &exact));
    }
    EXPECT(SGM_ERROR_NAME, sgm_metric(&none, 999, &exact));
    EXPECT(SGM_ERROR_NULL, sgm_metric(NULL, 0, &exact));
    TRUE(exact == 7);
    uint8_t masks[4] = {0, 1, 1, 9}, ids[4] = {0, 1, 0, 255};
    EXPECT(SGM_OK, sgm_confusion_push_row(&none, masks, ids, 4, 255));
    TRUE(none.true_positive == 1 && none.false_positive == 1 && none.false_negative == 0 && none.true_negative == 1);
    ids[3] = 1;
    EXPECT(SGM_ERROR_LABEL, sgm_confusion_push_row(&none, masks, ids, 4, 255));
    ids[0] = 3;
    EXPECT(SGM_ERROR_LABEL, sgm_confusion_push_row(&none, masks, ids, 3, 255));
    EXPECT(SGM_ERROR_LABEL, sgm_confusion_push_row(&none, masks, ids, 3, 1));
    EXPECT(SGM_ERROR_NULL, sgm_confusion_push_row(&none, NULL, ids, 3, 255));
    EXPECT(SGM_ERROR_OVERFLOW, sgm_confusion_push_row(&many, masks, masks, 3, 255));
    EXPECT(SGM_ERROR_OVERLAP, sgm_confusion_push_row(&none, (uint8_t *)&none, ids, 3, 255));
    TRUE(none.true_positive == 1 && none.true_negative == 1);
    drop(good);
}

static void rows(void) {
    objects good = make(), other = make();
    uint32_t pixels = 0, background = 0, foreground = 0;
    uint8_t kept[sizeof(sgm_sketch)], packed[PIXELS / 8], valid[PIXELS / 8], ids[PIXELS];
    memset(packed, 0, sizeof packed);
    memset(valid, 0, sizeof valid);
    EXPECT(SGM_OK, sgm_sketch_push_row(good.sketch, codes, labels, PIXELS, SGM_IGNORE));
    memcpy(kept, good.sketch, sizeof kept);
    /* What is refused leaves no trace. */
    for (int id = 2; id < 255; id++) {
        memcpy(ids, labels, sizeof ids);
        ids[id * 7] = (uint8_t)id;
        EXPECT(SGM_ERROR_LABEL, sgm_sketch_push_row(good.sketch, codes, ids, PIXELS, SGM_IGNORE));
    }
    EXPECT(SGM_ERROR_LABEL, sgm_sketch_push_row(good.sketch, codes, labels, PIXELS, 1));
    EXPECT(SGM_ERROR_NULL, sgm_sketch_push_row(good.sketch, NULL, labels, PIXELS, SGM_IGNORE));
    EXPECT(SGM_ERROR_NULL, sgm_sketch_push_packed_row(good.sketch, codes, NULL, NULL, PIXELS));
    EXPECT(SGM_ERROR_LENGTH, sgm_sketch_push_row(good.sketch, codes, NULL, SIZE_MAX, SGM_IGNORE));
    EXPECT(SGM_ERROR_LENGTH, sgm_sketch_push_row(good.sketch, codes, labels, SIZE_MAX / 2 + 1, SGM_IGNORE));
    EXPECT(SGM_ERROR_LENGTH, sgm_sketch_push_packed_row(good.sketch, codes, packed, NULL, SIZE_MAX - 3));
    EXPECT(SGM_ERROR_OVERLAP, sgm_sketch_push_row(good.sketch, good.sketch, NULL, 64, SGM_IGNORE));
    EXPECT(SGM_ERROR_OVERLAP, sgm_sketch_push_row(good.sketch, codes, (uint8_t *)good.sketch + 100, 64, SGM_IGNORE));
    EXPECT(SGM_ERROR_OVERLAP, sgm_sketch_merge(good.sketch, good.sketch));
    EXPECT(SGM_OK, sgm_sketch_push_row(good.sketch, NULL, NULL, 0, SGM_IGNORE));
    TRUE(memcmp(kept, good.sketch, sizeof kept) == 0);
    /* The same by bits, in parts, with another id, and merged. */
    for (int pixel = 0; pixel < PIXELS; pixel++) {
        packed[pixel / 8] |= (uint8_t)((labels[pixel] == 1) << (pixel % 8));
        valid[pixel / 8] |= (uint8_t)((labels[pixel] != 255) << (pixel % 8));
        ids[pixel] = labels[pixel] == 255 ? 4 : labels[pixel];
    }
    uint32_t bce;
    float of_bytes = 0, of_bits = -1;
    EXPECT(SGM_OK, sgm_find(SGM_LOSSES, "cross_entropy", &bce));
    EXPECT(SGM_OK, sgm_loss(good.sketch, good.table, bce, NULL, 0, &of_bytes));
    EXPECT(SGM_OK, sgm_sketch_push_packed_row(other.sketch, codes, packed, valid, PIXELS));
    EXPECT(SGM_OK, sgm_loss(other.sketch, good.table, bce, NULL, 0, &of_bits));
    TRUE(memcmp(&of_bytes, &of_bits, sizeof of_bits) == 0);
    EXPECT(SGM_OK, sgm_sketch_reset(other.sketch));
    for (int pixel = 0; pixel < PIXELS; pixel += 101) {
        const size_t count = pixel + 101 < PIXELS ? 101 : PIXELS - pixel;
        EXPECT(SGM_OK, sgm_sketch_push_row(other.sketch, codes + pixel, ids + pixel, count, 4));
    }
    EXPECT(SGM_OK, sgm_loss(other.sketch, good.table, bce, NULL, 0, &of_bits));
    TRUE(memcmp(&of_bytes, &of_bits, sizeof of_bits) == 0);
    EXPECT(SGM_OK, sgm_sketch_merge(other.sketch, good.sketch));
    EXPECT(SGM_OK, sgm_sketch_pixels(other.sketch, &pixels, &background, &foreground));
    TRUE(pixels == 2 * PIXELS && background + foreground < pixels && foreground > 0);
    /* No more pixels than a counter holds: each in turn takes the other, until one cannot. */
    uint32_t into = 0, more = 0;
    sgm_status said = SGM_OK;
    for (int round = 0; round < 64 && said == SGM_OK; round++) {
        EXPECT(SGM_OK, sgm_sketch_pixels(good.sketch, &into, NULL, NULL));
        EXPECT(SGM_OK, sgm_sketch_pixels(other.sketch, &more, NULL, NULL));
        said = sgm_sketch_merge(good.sketch, other.sketch);
        const int fits = (uint64_t)into + more <= UINT32_MAX;
        TRUE(said == (fits ? SGM_OK : SGM_ERROR_OVERFLOW));
        EXPECT(SGM_OK, sgm_sketch_pixels(good.sketch, &pixels, NULL, NULL));
        TRUE(pixels == (fits ? into + more : into));
        sgm_sketch *swap = good.sketch;
        good.sketch = other.sketch;
        other.sketch = swap;
    }
    TRUE(said == SGM_ERROR_OVERFLOW);
    /* Codes of another kind. */
    const sgm_quantiser probabilities = {0, 0, SGM_UNSIGNED, SGM_PROBABILITIES_OF_255};
    EXPECT(SGM_OK, sgm_sketch_init(other.sketch, sizeof *other.sketch, &probabilities));
    EXPECT(SGM_ERROR_MISMATCH, sgm_sketch_merge(good.sketch, other.sketch));
    EXPECT(SGM_ERROR_MISMATCH, sgm_loss(other.sketch, good.table, bce, NULL, 0, &of_bits));
    drop(good);
    drop(other);
}

int main(void) {
    FILE *file = fopen("demo.profile", "rb");
    if (file == NULL || fread(profile, 1, sizeof profile, file) != sizeof profile) {
        fprintf(stderr, "no demo.profile here\n");
        return 2;
    }
    fclose(file);
    TRUE(sgm_abi_version() == SGM_ABI_VERSION);
    for (int status = -30; status < 10; status++) {
        TRUE(strlen(sgm_status_text(status)) > 3);
    }
    uint32_t state = 1;
    for (int pixel = 0; pixel < PIXELS; pixel++) {
        state = state * 1664525u + 1013904223u;
        codes[pixel] = (int8_t)(state >> 24);
        labels[pixel] = (state >> 16 & 7) == 0 ? 255 : (uint8_t)(codes[pixel] > (int)(state >> 20 & 15));
    }
    storage();
    arguments();
    rows();
    records();
    frames();
    classes();
    printf("%d failures\n", failures);
    return failures != 0;
}
