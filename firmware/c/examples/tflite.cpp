// An output tensor as TensorFlow Lite Micro has it, into a sketch: a network's int8 output, scored where it comes out. Prints
// the bits of three numbers, the same on every machine.
#include "board/print.h"

// The parts of TfLiteTensor that say what its bytes mean; with the library at hand, include
// tensorflow/lite/micro/micro_interpreter.h instead and pass interpreter.output(0).
struct QuantisationParams {
    float scale;
    int32_t zero_point;
};
struct IntArray {
    int size;
    int data[4];
};
enum Type { kInt8, kUInt8 };
struct Tensor {
    Type type;
    union {
        const int8_t *int8;
        const uint8_t *uint8;
    } data;
    const IntArray *dims; // 1, height, width, 1
    QuantisationParams params;
};

// Losses and metrics of one network; no heap, no exceptions.
class Evaluator {
  public:
    // Whether the tensor is one that can be scored.
    bool begin(const Tensor &output) {
        const sgm_quantiser quantiser = {output.params.scale, output.params.zero_point,
                                         static_cast<uint8_t>(output.type == kInt8 ? SGM_SIGNED : SGM_UNSIGNED), SGM_LOGITS};
        return output.dims->size == 4 && output.dims->data[0] == 1 && output.dims->data[3] == 1 &&
               sgm_table_init(&table_, sizeof table_, &quantiser) == SGM_OK &&
               sgm_sketch_init(&sketch_, sizeof sketch_, &quantiser) == SGM_OK;
    }

    // Takes the pixels of the tensor with their labels: 0, 1, or SGM_IGNORE.
    bool push(const Tensor &output, const uint8_t *labels) {
        const size_t pixels = static_cast<size_t>(output.dims->data[1]) * static_cast<size_t>(output.dims->data[2]);
        return sgm_sketch_push_row(&sketch_, output.data.int8, labels, pixels, SGM_IGNORE) == SGM_OK;
    }

    // The value of a loss, if it has one.
    bool loss(const char *name, float *value) const {
        uint32_t number;
        return sgm_find(SGM_LOSSES, name, &number) == SGM_OK &&
               sgm_loss(&sketch_, &table_, number, nullptr, 0, value) == SGM_OK;
    }

    // Intersection over union at a logit of 0, if it has one.
    bool iou(double *value) const {
        sgm_confusion confusion;
        uint32_t metric;
        return sgm_sketch_confusion(&sketch_, &table_, &confusion) == SGM_OK &&
               sgm_find(SGM_METRICS, "iou", &metric) == SGM_OK && sgm_metric(&confusion, metric, value) == SGM_OK;
    }

  private:
    sgm_table table_;
    sgm_sketch sketch_;
};

static Evaluator evaluator;

int main() {
    static const int8_t codes[] = {80, 20, -40, 3, 90, -3, -60, 30};
    static const uint8_t labels[] = {1, 1, 0, 0, 1, 1, 0, SGM_IGNORE};
    static const IntArray dims = {4, {1, 2, 4, 1}};
    Tensor output = {kInt8, {codes}, &dims, {0.1f, 15}};
    union {
        float number;
        uint32_t bits;
    } bce = {0}, dice = {0};
    union {
        double number;
        uint64_t bits;
    } iou = {0};
    if (!evaluator.begin(output) || !evaluator.push(output, labels) || !evaluator.loss("bce", &bce.number) ||
        !evaluator.loss("dice", &dice.number) || !evaluator.iou(&iou.number)) {
        platform_print("error\n");
        return 1;
    }
    platform_print("tflite");
    hex(bce.bits, 8);
    hex(dice.bits, 8);
    hex(iou.bits, 16);
    platform_print("\n");
    return 0;
}
