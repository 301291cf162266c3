// An output tensor of several classes as TensorFlow Lite Micro has it, 80x80 scores of 19 classes, into a mask of 640x640 and
// its mean IoU, row by row. Prints the bits of the numbers, the same on every machine.
#include "board/made.h"
#include "board/print.h"

// The parts of TfLiteTensor that say where its bytes are; with the library at hand, include
// tensorflow/lite/micro/micro_interpreter.h instead and pass interpreter.output(0).
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
    const IntArray *dims; // 1, height, width, classes
};

// Masks of a network whose output is at most `Width` pixels wide and of `Classes` classes; no heap, no exceptions.
template <uint32_t Width, uint32_t Classes, uint32_t Factor> class Segmenter {
  public:
    // Gives every row of the mask to `take(row, ids, length)`; whether the tensor is one that fits.
    template <typename Take> bool mask(const Tensor &output, Take take) {
        const int *dims = output.dims->data;
        if (output.dims->size != 4 || dims[0] != 1 || dims[2] != Width || dims[3] != Classes) {
            return false;
        }
        const sgm_classes_layout layout = {static_cast<uint32_t>(dims[1]), Width, Classes, Factor,
                                           static_cast<uint8_t>(output.type == kInt8 ? SGM_SIGNED : SGM_UNSIGNED),
                                           SGM_HALF_PIXEL};
        if (sgm_classes_rows_init(&memory_.rows, sizeof memory_, &layout) != SGM_OK) {
            return false;
        }
        uint32_t row = 0;
        for (uint32_t y = 0; y < layout.height; y++) {
            const int8_t *scores = output.data.int8 + y * Width * Classes;
            if (sgm_classes_rows_push_row(&memory_.rows, scores, Width, 0) != SGM_OK) {
                return false;
            }
            while (sgm_classes_rows_next_row(&memory_.rows, ids_, sizeof ids_) == SGM_OK) {
                take(row++, ids_, sizeof ids_);
            }
        }
        return row == layout.height * Factor;
    }

  private:
    union Memory {
        sgm_classes_rows rows;
        uint8_t bytes[SGM_CLASSES_ROWS_SIZE(Width, Classes, Factor)];
    } memory_;
    uint8_t ids_[Width * Factor];
};

static const made_frame frame = {80, 80, 19, 8};
static int8_t scores[80 * 80 * 19];
static Segmenter<80, 19, 8> segmenter;
static uint8_t labels[640];
static uint64_t counts[19 * 19];

int main() {
    static const IntArray dims = {4, {1, 80, 80, 19}};
    int8_t *next = scores;
    for (uint32_t pixel = 0; pixel < 80 * 80; pixel++) {
        for (uint32_t id = 0; id < 19; id++) {
            *next++ = made_score(&frame, pixel / 80, pixel % 80, id);
        }
    }
    Tensor output = {kInt8, {scores}, &dims};
    uint32_t sum = 0x811c9dc5u;
    const bool made = segmenter.mask(output, [&sum](uint32_t y, const uint8_t *ids, size_t length) {
        for (uint32_t x = 0; x < length; x++) {
            labels[x] = made_label(&frame, y, x);
            sum = made_sum(sum, ids[x]);
        }
        check(sgm_classes_confusion_push_row(counts, 19, ids, labels, length, SGM_IGNORE));
    });
    double iou = 0;
    if (!made || sgm_classes_mean_iou(counts, 19, &iou) != SGM_OK) {
        platform_print("error\n");
        return 1;
    }
    platform_print("tflite_classes");
    hex(sum, 8);
    print_double(SGM_OK, iou);
    platform_print("\n");
    return 0;
}
