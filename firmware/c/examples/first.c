#include <segmeter.h>
#include <stdio.h>

int main(void) {
    const sgm_quantiser quantiser = {0.1f, 15, SGM_SIGNED, SGM_LOGITS}; /* scale and zero point of the output tensor */
    const int8_t codes[] = {80, 20, -40, 3, 90, -3, -60, 30};           /* what the network said, 8 bits a pixel */
    const uint8_t labels[] = {1, 1, 0, 0, 1, 1, 0, SGM_IGNORE};
    static sgm_table table;   /* 4 KiB each, yours: the library keeps nothing */
    static sgm_sketch sketch; /* reset it for every frame */
    uint32_t loss;
    float value;
    if (sgm_table_init(&table, sizeof table, &quantiser) != SGM_OK ||
        sgm_sketch_init(&sketch, sizeof sketch, &quantiser) != SGM_OK ||
        sgm_sketch_push_row(&sketch, codes, labels, 8, SGM_IGNORE) != SGM_OK ||
        sgm_find(SGM_LOSSES, "cross_entropy", &loss) != SGM_OK) {
        return 1;
    }
    const sgm_status status = sgm_loss(&sketch, &table, loss, NULL, 0, &value);
    printf("cross-entropy %.7f (%s)\n", status == SGM_OK ? (double)value : 0.0, sgm_status_text(status));
    return status != SGM_OK;
}
