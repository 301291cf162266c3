#include <segmeter.h>
#include <stdio.h>

int main(void) {
    const sgm_classes_layout layout = {2, 3, 3, 4, SGM_SIGNED, SGM_HALF_PIXEL}; /* 2x3 of 3 classes, image 8x12 */
    static const int8_t scores[2][3 * 3] = {{90, 10, -20, 40, 60, -9, 0, 80, 5}, {70, 0, 9, 20, 30, 50, -5, 20, 99}};
    static union { sgm_classes_rows rows; uint8_t bytes[SGM_CLASSES_ROWS_SIZE(3, 3, 4)]; } memory;
    static uint64_t counts[3 * 3]; /* by label and id; add those of many frames */
    uint8_t ids[12], labels[12] = {0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, SGM_IGNORE};
    double iou;
    if (sgm_classes_rows_init(&memory.rows, sizeof memory, &layout) != SGM_OK) return 1;
    for (int row = 0; row < 2; row++) {
        if (sgm_classes_rows_push_row(&memory.rows, scores[row], 3, 0) != SGM_OK) return 1;
        while (sgm_classes_rows_next_row(&memory.rows, ids, 12) == SGM_OK) { /* none, then all eight */
            for (int x = 0; x < 12; x++) putchar("sgr"[ids[x]]);
            putchar('\n');
            if (sgm_classes_confusion_push_row(counts, 3, ids, labels, 12, SGM_IGNORE) != SGM_OK) return 1;
        }
    }
    if (sgm_classes_mean_iou(counts, 3, &iou) != SGM_OK) return 1;
    printf("mean IoU %.7f\n", iou);
    return 0;
}
