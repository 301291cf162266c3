/* Networks of several classes: whatever is passed, a status comes back; and what can be said by hand. */
#include "hostile.h"

enum { CLASSES = 5, ACROSS = 6, DOWN = 4, FACTOR = 4 };

static const sgm_classes_layout layout = {DOWN, ACROSS, CLASSES, FACTOR, SGM_SIGNED, SGM_HALF_PIXEL};
static const sgm_quantiser quantiser = {0.1f, 0, SGM_SIGNED, SGM_LOGITS};

static sgm_classes_rows *make_rows(const sgm_classes_layout *of, size_t *size) {
    *size = SGM_CLASSES_ROWS_SIZE(of->width, of->classes, of->factor);
    sgm_classes_rows *rows = memory(*size, 0xaa);
    EXPECT(SGM_OK, sgm_classes_rows_init(rows, *size, of));
    return rows;
}

/* Storage that is none: `expected` for both. */
static void no_objects(sgm_classes_rows *rows, sgm_classes_sums *sums, sgm_status expected) {
    uint8_t ids[ACROSS * FACTOR];
    sgm_classes_statistics found;
    EXPECT(expected, sgm_classes_rows_reset(rows));
    EXPECT(expected, sgm_classes_rows_push_row(rows, codes, ACROSS, 0));
    EXPECT(expected, sgm_classes_rows_next_row(rows, ids, sizeof ids));
    EXPECT(expected, sgm_classes_sums_reset(sums));
    EXPECT(expected, sgm_classes_sums_push_row(sums, codes, ACROSS, 0));
    EXPECT(expected, sgm_classes_sums_statistics(sums, &found));
}

static void storage(void) {
    size_t size;
    sgm_classes_rows *rows = make_rows(&layout, &size);
    sgm_classes_sums *sums = memory(sizeof *sums, 0xaa);
    EXPECT(SGM_OK, sgm_classes_sums_init(sums, sizeof *sums, &quantiser, CLASSES, 1));
    no_objects(NULL, NULL, SGM_ERROR_NULL);
    for (int fill = 0; fill < 256; fill += 85) {
        void *none = memory(4096, fill);
        no_objects(none, none, SGM_ERROR_KIND);
        free(none);
    }
    no_objects((sgm_classes_rows *)(void *)sums, (sgm_classes_sums *)(void *)rows, SGM_ERROR_KIND);
    char *apart = memory(4096, 0);
    for (size_t by = 1; by < SGM_ALIGNMENT; by += by) {
        no_objects((sgm_classes_rows *)(uintptr_t)(apart + by), (sgm_classes_sums *)(uintptr_t)(apart + by),
                   SGM_ERROR_MISALIGNED);
    }
    free(apart);
    EXPECT(SGM_ERROR_NULL, sgm_classes_rows_init(NULL, size, &layout));
    EXPECT(SGM_ERROR_NULL, sgm_classes_rows_init(rows, size, NULL));
    EXPECT(SGM_ERROR_STORAGE, sgm_classes_sums_init(sums, sizeof *sums - 1, &quantiser, CLASSES, 1));
    EXPECT(SGM_ERROR_NULL, sgm_classes_sums_init(sums, sizeof *sums, NULL, CLASSES, 1));
    /* One that is no object any more. */
    EXPECT(SGM_OK, sgm_classes_rows_push_row(rows, codes, ACROSS, 0));
    EXPECT(SGM_ERROR_STORAGE, sgm_classes_rows_init(rows, size - 1, &layout));
    EXPECT(SGM_ERROR_KIND, sgm_classes_rows_push_row(rows, codes, ACROSS, 0));
    free(rows);
    free(sums);
}

static void layouts(void) {
    size_t size;
    sgm_classes_rows *rows = make_rows(&layout, &size);
    const struct { sgm_classes_layout of; sgm_status expected; } bad[] = {
        {{0, 6, 5, 4, SGM_SIGNED, SGM_NEAREST}, SGM_ERROR_SHAPE},
        {{4, 0, 5, 4, SGM_SIGNED, SGM_NEAREST}, SGM_ERROR_SHAPE},
        {{UINT32_MAX, UINT32_MAX, 5, 4, SGM_SIGNED, SGM_NEAREST}, SGM_ERROR_SHAPE},
        {{1, 4096, 5, 16, SGM_SIGNED, SGM_NEAREST}, SGM_ERROR_SHAPE},
        {{1024, 1024, 5, 4, SGM_SIGNED, SGM_ALIGNED_CORNERS}, SGM_ERROR_SHAPE},
        {{4, 6, 1, 4, SGM_SIGNED, SGM_NEAREST}, SGM_ERROR_CLASSES},
        {{4, 6, 33, 4, SGM_SIGNED, SGM_NEAREST}, SGM_ERROR_CLASSES},
        {{4, 6, 5, 0, SGM_SIGNED, SGM_NEAREST}, SGM_ERROR_PARAMETER},
        {{4, 6, 5, 17, SGM_SIGNED, SGM_NEAREST}, SGM_ERROR_PARAMETER},
        {{4, 6, 5, 4, 2, SGM_NEAREST}, SGM_ERROR_QUANTISER},
        {{4, 6, 5, 4, SGM_SIGNED, 3}, SGM_ERROR_PARAMETER},
    };
    for (size_t place = 0; place < sizeof bad / sizeof *bad; place++) {
        EXPECT(bad[place].expected, sgm_classes_rows_init(rows, size, &bad[place].of));
    }
    free(rows);
    /* Whole frames in memory of exactly the size that the header says, and none in a byte less. */
    static const uint32_t widths[] = {1, 2, 7, 80, 160}, classes[] = {2, 3, 4, 5, 19, 32}, factors[] = {1, 4, 16};
    for (int kind = 0; kind < 5 * 6 * 3 * 3; kind++) {
        const sgm_classes_layout of = {3,        widths[kind % 5], classes[kind / 5 % 6], factors[kind / 30 % 3],
                                       kind % 2, kind / 90};
        const size_t length = of.width * of.factor;
        uint8_t *ids = memory(length, 0xff), *scores = memory((size_t)of.width * of.classes, 0);
        uint32_t given = 0;
        rows = make_rows(&of, &size);
        EXPECT(SGM_ERROR_STORAGE, sgm_classes_rows_init(rows, size - 1, &of));
        EXPECT(SGM_OK, sgm_classes_rows_init(rows, size, &of));
        for (uint32_t row = 0; row < of.height; row++) {
            memcpy(scores, codes + row * 100, (size_t)of.width * of.classes);
            EXPECT(SGM_OK, sgm_classes_rows_push_row(rows, scores, of.width, kind % 3 == 0 ? of.width : 0));
            while (sgm_classes_rows_next_row(rows, ids, length) == SGM_OK) {
                for (size_t x = 0; x < length; x++) {
                    TRUE(ids[x] < of.classes);
                }
                given++;
            }
        }
        TRUE(given == of.height * of.factor);
        free(ids);
        free(scores);
        free(rows);
    }
}

static void rows_in_order(void) {
    size_t size;
    sgm_classes_rows *rows = make_rows(&layout, &size);
    uint8_t ids[ACROSS * FACTOR], first[DOWN * FACTOR][ACROSS * FACTOR];
    int8_t planes[CLASSES][ACROSS];
    EXPECT(SGM_NONE, sgm_classes_rows_next_row(rows, ids, sizeof ids));
    EXPECT(SGM_ERROR_LENGTH, sgm_classes_rows_next_row(rows, ids, sizeof ids - 1));
    EXPECT(SGM_ERROR_LENGTH, sgm_classes_rows_next_row(rows, ids, SIZE_MAX));
    EXPECT(SGM_ERROR_NULL, sgm_classes_rows_next_row(rows, NULL, sizeof ids));
    EXPECT(SGM_ERROR_NULL, sgm_classes_rows_push_row(rows, NULL, ACROSS, 0));
    EXPECT(SGM_ERROR_LENGTH, sgm_classes_rows_push_row(rows, codes, ACROSS - 1, 0));
    EXPECT(SGM_ERROR_LENGTH, sgm_classes_rows_push_row(rows, codes, SIZE_MAX, 0));
    EXPECT(SGM_ERROR_LENGTH, sgm_classes_rows_push_row(rows, codes, ACROSS, ACROSS - 1));
    EXPECT(SGM_ERROR_LENGTH, sgm_classes_rows_push_row(rows, codes, ACROSS, SIZE_MAX));
    EXPECT(SGM_ERROR_LENGTH, sgm_classes_rows_push_row(rows, codes, ACROSS, SIZE_MAX / 4));
    EXPECT(SGM_ERROR_OVERLAP, sgm_classes_rows_push_row(rows, rows, ACROSS, 0));
    EXPECT(SGM_ERROR_OVERLAP, sgm_classes_rows_push_row(rows, (char *)rows + size - 1, ACROSS, 0));
    EXPECT(SGM_ERROR_OVERLAP, sgm_classes_rows_next_row(rows, (uint8_t *)rows + size - 1, sizeof ids));
    EXPECT(SGM_NONE, sgm_classes_rows_next_row(rows, ids, sizeof ids));
    /* Twice the same frame, side by side and by planes; what is refused in between leaves no trace. */
    for (int round = 0; round < 2; round++) {
        int given = 0;
        for (int row = 0; row < DOWN; row++) {
            const int8_t *scores = codes + row * ACROSS * CLASSES;
            for (int pixel = 0; pixel < ACROSS * CLASSES; pixel++) {
                planes[pixel % CLASSES][pixel / CLASSES] = scores[pixel];
            }
            EXPECT(SGM_OK, sgm_classes_rows_push_row(rows, round ? planes[0] : scores, ACROSS, round ? ACROSS : 0));
            EXPECT(SGM_ERROR_LENGTH, sgm_classes_rows_push_row(rows, scores, ACROSS, 1));
            if (row > 0) {
                EXPECT(SGM_ERROR_ORDER, sgm_classes_rows_push_row(rows, scores, ACROSS, 0));
            }
            while (sgm_classes_rows_next_row(rows, ids, sizeof ids) == SGM_OK) {
                TRUE(round == 0 || memcmp(first[given], ids, sizeof ids) == 0);
                memcpy(first[given++], ids, sizeof ids);
            }
        }
        TRUE(given == DOWN * FACTOR);
        EXPECT(SGM_ERROR_ORDER, sgm_classes_rows_push_row(rows, codes, ACROSS, 0));
        EXPECT(SGM_NONE, sgm_classes_rows_next_row(rows, ids, sizeof ids));
        EXPECT(SGM_OK, sgm_classes_rows_reset(rows));
    }
    free(rows);
}

static void confusion(void) {
    uint64_t *counts = memory(9 * sizeof *counts, 0);
    const uint8_t ids[] = {0, 0, 0, 0, 0, 0, 2, 2, 1, 7}, labels[] = {0, 0, 0, 0, 1, 1, 2, 1, 1, 9};
    double value = 7;
    sgm_confusion one = {7, 7, 7, 7};
    EXPECT(SGM_UNDEFINED, sgm_classes_mean_iou(counts, 3, &value));
    EXPECT(SGM_UNDEFINED, sgm_classes_pixel_accuracy(counts, 3, &value));
    for (uint32_t classes = 0; classes < 40; classes += classes == 1 ? 32 : 1) {
        EXPECT(SGM_ERROR_CLASSES, sgm_classes_confusion_push_row(counts, classes, ids, labels, 10, 255));
        EXPECT(SGM_ERROR_CLASSES, sgm_classes_mean_iou(counts, classes, &value));
        EXPECT(SGM_ERROR_CLASSES, sgm_classes_pixel_accuracy(counts, classes, &value));
        EXPECT(SGM_ERROR_CLASSES, sgm_classes_confusion_of(counts, classes, 0, &one));
    }
    /* Any id that is none, wherever it is; an ignored id that is a class. */
    for (size_t place = 0; place < 10; place++) {
        uint8_t wrong[10];
        memcpy(wrong, ids, sizeof ids);
        wrong[place] = 3;
        EXPECT(place == 9 ? SGM_OK : SGM_ERROR_LABEL, sgm_classes_confusion_push_row(counts, 3, wrong, labels, 10, 9));
        memcpy(wrong, labels, sizeof labels);
        wrong[place] = 3;
        EXPECT(SGM_ERROR_LABEL, sgm_classes_confusion_push_row(counts, 3, ids, wrong, 10, 9));
    }
    EXPECT(SGM_ERROR_LABEL, sgm_classes_confusion_push_row(counts, 3, ids, labels, 6, 2));
    EXPECT(SGM_ERROR_NULL, sgm_classes_confusion_push_row(NULL, 3, ids, labels, 9, 255));
    EXPECT(SGM_ERROR_NULL, sgm_classes_confusion_push_row(counts, 3, NULL, labels, 9, 255));
    EXPECT(SGM_ERROR_NULL, sgm_classes_confusion_push_row(counts, 3, ids, NULL, 9, 255));
    EXPECT(SGM_ERROR_LENGTH, sgm_classes_confusion_push_row(counts, 3, ids, labels, SIZE_MAX, 255));
    EXPECT(SGM_ERROR_OVERLAP, sgm_classes_confusion_push_row(counts, 3, (uint8_t *)&counts[8], labels, 9, 255));
    EXPECT(SGM_ERROR_MISALIGNED,
           sgm_classes_confusion_push_row((uint64_t *)((uintptr_t)counts + 4), 3, ids, labels, 9, 255));
    EXPECT(SGM_ERROR_CLASSES, sgm_classes_confusion_of(counts, 3, 3, &one));
    TRUE(value == 7 && one.true_positive == 7);
    /* The row once, with its last pixel ignored. */
    const uint64_t expected[9] = {4, 0, 0, 2, 1, 1, 0, 0, 1};
    TRUE(memcmp(counts, expected, sizeof expected) == 0);
    EXPECT(SGM_OK, sgm_classes_mean_iou(counts, 3, &value));
    TRUE(value == (4.0 / 6 + 1.0 / 4 + 1.0 / 2) / 3);
    EXPECT(SGM_OK, sgm_classes_pixel_accuracy(counts, 3, &value));
    TRUE(value == 6.0 / 9);
    EXPECT(SGM_OK, sgm_classes_confusion_of(counts, 3, 1, &one));
    TRUE(one.true_positive == 1 && one.false_positive == 0 && one.false_negative == 3 && one.true_negative == 5);
    /* Counts that nobody can have counted. */
    counts[0] = UINT64_MAX - 3;
    EXPECT(SGM_ERROR_OVERFLOW, sgm_classes_mean_iou(counts, 3, &value));
    EXPECT(SGM_ERROR_OVERFLOW, sgm_classes_pixel_accuracy(counts, 3, &value));
    EXPECT(SGM_ERROR_OVERFLOW, sgm_classes_confusion_of(counts, 3, 0, &one));
    EXPECT(SGM_ERROR_OVERFLOW, sgm_classes_confusion_push_row(counts, 3, ids, labels, 10, 9));
    TRUE(counts[0] == UINT64_MAX);
    free(counts);
}

static void boundary(void) {
    enum { ACROSS = 40, DISTANCE = 2, SIZE = SGM_BOUNDARY_ROWS_SIZE(ACROSS, DISTANCE) };
    sgm_boundary_rows *rows = memory(SIZE, 0xaa);
    sgm_boundary_counts counts = {0, 0};
    uint8_t ids[ACROSS], labels[ACROSS];
    double value = 7;
    EXPECT(SGM_ERROR_KIND, sgm_boundary_rows_reset(rows));
    EXPECT(SGM_ERROR_KIND, sgm_boundary_rows_push_row(rows, ids, labels, ACROSS, 1, 255));
    EXPECT(SGM_ERROR_KIND, sgm_boundary_rows_finish(rows, &counts));
    EXPECT(SGM_ERROR_NULL, sgm_boundary_rows_init(NULL, SIZE, ACROSS, DISTANCE, 1));
    EXPECT(SGM_ERROR_MISALIGNED,
           sgm_boundary_rows_init((sgm_boundary_rows *)((uintptr_t)rows + 4), SIZE, ACROSS, DISTANCE, 1));
    EXPECT(SGM_ERROR_STORAGE, sgm_boundary_rows_init(rows, 0, ACROSS, DISTANCE, 1));
    EXPECT(SGM_ERROR_STORAGE, sgm_boundary_rows_init(rows, SIZE - 1, ACROSS, DISTANCE, 1));
    EXPECT(SGM_ERROR_KIND, sgm_boundary_rows_reset(rows));
    EXPECT(SGM_ERROR_SHAPE, sgm_boundary_rows_init(rows, SIZE, 0, DISTANCE, 1));
    EXPECT(SGM_ERROR_STORAGE, sgm_boundary_rows_init(rows, SIZE, UINT32_MAX, DISTANCE, 1));
    EXPECT(SGM_ERROR_PARAMETER, sgm_boundary_rows_init(rows, SIZE, ACROSS, 0, 1));
    EXPECT(SGM_ERROR_PARAMETER, sgm_boundary_rows_init(rows, SIZE, ACROSS, SGM_MAX_BOUNDARY_DISTANCE + 1, 1));
    EXPECT(SGM_ERROR_PARAMETER, sgm_boundary_rows_init(rows, SIZE, ACROSS, UINT32_MAX, 1));
    EXPECT(SGM_ERROR_PARAMETER, sgm_boundary_rows_init(rows, SIZE, ACROSS, DISTANCE, 2));
    EXPECT(SGM_OK, sgm_boundary_rows_init(rows, SIZE, ACROSS, DISTANCE, 1));
    EXPECT(SGM_ERROR_LENGTH, sgm_boundary_rows_push_row(rows, ids, labels, ACROSS - 1, 1, 255));
    EXPECT(SGM_ERROR_LENGTH, sgm_boundary_rows_push_row(rows, ids, labels, SIZE_MAX, 1, 255));
    EXPECT(SGM_ERROR_NULL, sgm_boundary_rows_push_row(rows, NULL, labels, ACROSS, 1, 255));
    EXPECT(SGM_ERROR_NULL, sgm_boundary_rows_push_row(rows, ids, NULL, ACROSS, 1, 255));
    EXPECT(SGM_ERROR_OVERLAP, sgm_boundary_rows_push_row(rows, (uint8_t *)(rows + 1), labels, ACROSS, 1, 255));
    EXPECT(SGM_ERROR_NULL, sgm_boundary_rows_finish(rows, NULL));
    EXPECT(SGM_ERROR_OVERLAP, sgm_boundary_rows_finish(rows, (sgm_boundary_counts *)(rows + 1)));
    EXPECT(SGM_UNDEFINED, sgm_boundary_iou(&counts, &value));
    EXPECT(SGM_ERROR_NULL, sgm_boundary_iou(&counts, NULL));
    EXPECT(SGM_ERROR_NULL, sgm_boundary_iou(NULL, &value));
    /* No row, and then the same frame three times: what is left of one is in none after it. */
    EXPECT(SGM_OK, sgm_boundary_rows_finish(rows, &counts));
    TRUE(counts.both == 0 && counts.either == 0 && value == 7);
    for (uint64_t time = 1; time <= 3; time++) {
        /* A square of 10 in its place, and another one pixel to the right and down. */
        for (int y = 0; y < 20; y++) {
            for (int x = 0; x < ACROSS; x++) {
                labels[x] = y >= 4 && y < 14 && x >= 26 && x < 36;
                ids[x] = y >= 5 && y < 15 && x >= 27 && x < 37;
            }
            EXPECT(SGM_OK, sgm_boundary_rows_push_row(rows, ids, labels, ACROSS, 1, 255));
        }
        EXPECT(SGM_OK, sgm_boundary_rows_finish(rows, &counts));
        /* Rings of 64 pixels, 34 of them common: counted pixel by pixel. */
        TRUE(counts.both == 34 * time && counts.either == 94 * time);
    }
    EXPECT(SGM_OK, sgm_boundary_iou(&counts, &value));
    TRUE(value == 34.0 / 94);
    counts.both = UINT64_MAX;
    EXPECT(SGM_OK, sgm_boundary_rows_push_row(rows, ids, labels, ACROSS, 0, 255));
    EXPECT(SGM_ERROR_OVERFLOW, sgm_boundary_rows_finish(rows, &counts));
    TRUE(counts.both == UINT64_MAX && counts.either == 94 * 3);
    EXPECT(SGM_OK, sgm_boundary_rows_reset(rows));
    free(rows);
}

static void statistics(void) {
    sgm_classes_sums *sums = memory(sizeof *sums, 0xaa);
    sgm_classes_statistics found, again;
    int8_t planes[3][4], split[12];
    const sgm_quantiser shares = {0, 0, SGM_UNSIGNED, SGM_PROBABILITIES_OF_255};
    EXPECT(SGM_ERROR_CLASSES, sgm_classes_sums_init(sums, sizeof *sums, &quantiser, 1, 1));
    EXPECT(SGM_ERROR_CLASSES, sgm_classes_sums_init(sums, sizeof *sums, &quantiser, 33, 1));
    EXPECT(SGM_ERROR_PARAMETER, sgm_classes_sums_init(sums, sizeof *sums, &quantiser, 3, 0));
    EXPECT(SGM_ERROR_PARAMETER, sgm_classes_sums_init(sums, sizeof *sums, &quantiser, 3, (float)strtod("nan", NULL)));
    EXPECT(SGM_ERROR_UNSUPPORTED, sgm_classes_sums_init(sums, sizeof *sums, &shares, 3, 1));
    EXPECT(SGM_ERROR_KIND, sgm_classes_sums_reset(sums));
    EXPECT(SGM_OK, sgm_classes_sums_init(sums, sizeof *sums, &quantiser, 3, 1));
    EXPECT(SGM_UNDEFINED, sgm_classes_sums_statistics(sums, &found));
    EXPECT(SGM_ERROR_NULL, sgm_classes_sums_push_row(sums, NULL, 4, 0));
    EXPECT(SGM_ERROR_LENGTH, sgm_classes_sums_push_row(sums, codes, 4, 3));
    EXPECT(SGM_ERROR_LENGTH, sgm_classes_sums_push_row(sums, codes, SIZE_MAX / 2, 0));
    EXPECT(SGM_ERROR_OVERLAP, sgm_classes_sums_push_row(sums, (char *)sums + 40, 4, 0));
    EXPECT(SGM_UNDEFINED, sgm_classes_sums_statistics(sums, &found));
    /* The example of core's documentation: margins of 10 and 0. */
    const int8_t scores[12] = {10, 20, -30, 5, 5, 5, 10, 20, -30, 5, 5, 5};
    EXPECT(SGM_OK, sgm_classes_sums_push_row(sums, scores, 2, 0));
    EXPECT(SGM_ERROR_NULL, sgm_classes_sums_statistics(sums, NULL));
    EXPECT(SGM_OK, sgm_classes_sums_statistics(sums, &found));
    TRUE(SGM_TO_FLOAT(found.mean_margin) == 5 && SGM_TO_FLOAT(found.mean_energy) == -1.9583893f);
    TRUE(SGM_TO_FLOAT(found.mean_confidence) == 0.5303955f && SGM_TO_FLOAT(found.mean_entropy) == 0.8544769f);
    TRUE(found.pixels == 2 && found.predicted[0] == 1 && found.predicted[1] == 1 && found.predicted[31] == 0);
    EXPECT(SGM_OK, sgm_classes_sums_push_row(sums, scores, 2, 0));
    EXPECT(SGM_OK, sgm_classes_sums_statistics(sums, &found));
    for (int place = 0; place < 12; place++) {
        planes[place % 3][place / 3] = scores[place];
    }
    EXPECT(SGM_OK, sgm_classes_sums_reset(sums));
    EXPECT(SGM_OK, sgm_classes_sums_push_row(sums, planes, 4, 4));
    EXPECT(SGM_OK, sgm_classes_sums_statistics(sums, &again));
    TRUE(memcmp(&found, &again, sizeof found) == 0);
    free(sums);
    /* Each class against the rest: that of core's documentation, in both encodings and layouts. */
    const int8_t logits[6] = {10, 25, -30, 5, -128, 127}, expected[6] = {-15, -122, 15, -128, -55, 122};
    uint8_t raised[6], beside[3][2];
    for (int place = 0; place < 6; place++) {
        raised[place] = (uint8_t)logits[place] ^ 0x80;
        beside[place % 3][place / 3] = raised[place];
    }
    memset(split, 0, sizeof split);
    EXPECT(SGM_OK, sgm_classes_against_rest(logits, 2, 0, 3, SGM_SIGNED, split));
    TRUE(memcmp(split, expected, sizeof expected) == 0 && split[6] == 0);
    memset(split, 0, sizeof split);
    EXPECT(SGM_OK, sgm_classes_against_rest(raised, 2, 0, 3, SGM_UNSIGNED, split));
    TRUE(memcmp(split, expected, sizeof expected) == 0);
    memset(split, 0, sizeof split);
    EXPECT(SGM_OK, sgm_classes_against_rest(beside, 2, 2, 3, SGM_UNSIGNED, split));
    TRUE(memcmp(split, expected, sizeof expected) == 0);
    EXPECT(SGM_OK, sgm_classes_against_rest(logits, 0, 0, 3, SGM_SIGNED, split));
    EXPECT(SGM_ERROR_CLASSES, sgm_classes_against_rest(logits, 2, 0, 1, SGM_SIGNED, split));
    EXPECT(SGM_ERROR_CLASSES, sgm_classes_against_rest(logits, 2, 0, 33, SGM_SIGNED, split));
    EXPECT(SGM_ERROR_QUANTISER, sgm_classes_against_rest(logits, 2, 0, 3, 2, split));
    EXPECT(SGM_ERROR_LENGTH, sgm_classes_against_rest(logits, 2, 1, 3, SGM_SIGNED, split));
    EXPECT(SGM_ERROR_LENGTH, sgm_classes_against_rest(logits, SIZE_MAX, 0, 3, SGM_SIGNED, split));
    EXPECT(SGM_ERROR_NULL, sgm_classes_against_rest(NULL, 2, 0, 3, SGM_SIGNED, split));
    EXPECT(SGM_ERROR_NULL, sgm_classes_against_rest(logits, 2, 0, 3, SGM_SIGNED, NULL));
    EXPECT(SGM_ERROR_OVERLAP, sgm_classes_against_rest(split, 2, 0, 3, SGM_SIGNED, split + 5));
    TRUE(memcmp(split, expected, sizeof expected) == 0);
}

void classes(void) {
    storage();
    layouts();
    rows_in_order();
    confusion();
    boundary();
    statistics();
}
