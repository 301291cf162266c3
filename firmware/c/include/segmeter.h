/* Segmeter: segmentation losses, metrics and drift detection, the same bits on a microcontroller and on a server.
 *
 * What holds of every function:
 * - Memory is the caller's: sgm_table, sgm_sketch, sgm_monitor, sgm_classes_rows, sgm_classes_sums and
 *   sgm_boundary_rows are storage whose content is private. They may be static, on a stack or on a heap, must not be copied while they are in use, and need no
 *   end. Nothing else is kept between two calls: no pointer, no global. Two objects may be used at once by two threads, one
 *   by one thread at a time.
 * - It returns an sgm_status: SGM_OK, SGM_UNDEFINED (there is no such number), SGM_NONE (no row yet) or an error below zero,
 *   whose text sgm_status_text has. What a function writes, it writes with SGM_OK alone, unless it says otherwise.
 * - Null, misaligned or too short memory, memory that was never initialised, and one object in place of another are errors.
 *   What a pointer and a length name must be memory of the caller, and must not lie in an object that the call changes.
 * - Numbers of fixed point are in steps of 2^-16: SGM_TO_FLOAT.
 */

#ifndef SEGMETER_H
#define SEGMETER_H

/* Made of firmware/c/src by cbindgen (firmware/c/tests/header.rs): do not edit. */

#include <stddef.h>
#include <stdint.h>

#if defined(_MSC_VER)
#define SGM_ALIGNED(n) __declspec(align(n))
#define SGM_MUST_USE
#else
#define SGM_ALIGNED(n) __attribute__((aligned(n)))
#define SGM_MUST_USE __attribute__((warn_unused_result))
#endif

/** A number of fixed point as a float. */
#define SGM_TO_FLOAT(fixed) ((float)(fixed) / 65536.0f)

/** Bytes of memory for an sgm_classes_rows: scores of `width` pixels and of `classes` classes to ids of `factor * width`. */
#define SGM_CLASSES_ROWS_SIZE(width, classes, factor)                                                        \
    (SGM_CLASSES_ROWS_STATE + (2 * (((size_t)(classes) + 3) / 4 * 4) + 14 + (factor)) * (size_t)(width))

/** Bytes of memory for an sgm_boundary_rows: rows of `width` pixels, and this distance, 1 to SGM_MAX_BOUNDARY_DISTANCE. */
#define SGM_BOUNDARY_ROWS_SIZE(width, distance)                                                              \
    (SGM_BOUNDARY_ROWS_STATE +                                                                               \
     (2 * ((size_t)(distance) + 1 + SGM_BITS(2 * (distance) + 1)) + 3) * (((size_t)(width) + 31) / 32) * 4)
#define SGM_BITS(n)                                                                                          \
    (1 + ((n) > 1) + ((n) > 3) + ((n) > 7) + ((n) > 15) + ((n) > 31) + ((n) > 63) + ((n) > 127) + ((n) > 255) +  \
     ((n) > 511) + ((n) > 1023) + ((n) > 2047) + ((n) > 4095) + ((n) > 8191) + ((n) > 16383))

/**
 * The version of this interface, as the header has it: it changes with every change that needs a new compilation.
 */
#define SGM_ABI_VERSION 1

/**
 * The losses: `sgm_loss`. A number in a list holds for one version of the library; a name stays.
 */
#define SGM_LOSSES 0

/**
 * The metrics of an `sgm_confusion`: `sgm_metric`.
 */
#define SGM_METRICS 1

/**
 * What a monitor watches: places in `sgm_observation.signals`.
 */
#define SGM_SIGNALS 2

/**
 * What a monitor concludes: `SGM_STATE_UNKNOWN` and the others.
 */
#define SGM_STATES 3

/**
 * Why a frame was not measured: `SGM_INVALID_MISSING` and the others.
 */
#define SGM_INVALID 4

/**
 * `sgm_quantiser.encoding`: bytes are 0 to 255.
 */
#define SGM_UNSIGNED 0

/**
 * `sgm_quantiser.encoding`: bytes are -128 to 127, `int8_t`.
 */
#define SGM_SIGNED 1

/**
 * `sgm_quantiser.meaning`: `logit = scale * (code - zero_point)`.
 */
#define SGM_LOGITS 0

/**
 * `sgm_quantiser.meaning`: `probability = scale * (code - zero_point)`, cut to 0 ... 1.
 */
#define SGM_PROBABILITIES 1

/**
 * `sgm_quantiser.meaning`: `probability = code / 255` of unsigned codes; scale and zero point are not looked at.
 */
#define SGM_PROBABILITIES_OF_255 2

/**
 * The id of ignored pixels that most labels have.
 */
#define SGM_IGNORE 255

/**
 * Bytes of an `sgm_table`.
 */
#define SGM_TABLE_SIZE 4128

/**
 * Bytes of an `sgm_sketch`.
 */
#define SGM_SKETCH_SIZE 4128

/**
 * Alignment of storage in bytes.
 */
#define SGM_ALIGNMENT 16

/**
 * The most classes of a network.
 */
#define SGM_MAX_CLASSES 32

/**
 * `sgm_classes_layout.interpolation`: bilinear, as PyTorch's with `align_corners=False` and TensorFlow Lite's with
 * `half_pixel_centers`.
 */
#define SGM_HALF_PIXEL 0

/**
 * `sgm_classes_layout.interpolation`: bilinear, `align_corners=True`.
 */
#define SGM_ALIGNED_CORNERS 1

/**
 * `sgm_classes_layout.interpolation`: every score is that of a square of pixels.
 */
#define SGM_NEAREST 2

/**
 * The largest `sgm_classes_layout.factor`.
 */
#define SGM_MAX_FACTOR 16

/**
 * Bytes of an `sgm_classes_rows` without those behind it: `SGM_CLASSES_ROWS_SIZE` has all.
 */
#define SGM_CLASSES_ROWS_STATE 112

/**
 * Bytes of an `sgm_classes_sums`.
 */
#define SGM_CLASSES_SUMS_SIZE 880

/**
 * The largest distance of a pixel of the boundary from the background.
 */
#define SGM_MAX_BOUNDARY_DISTANCE 16383

/**
 * Bytes of an `sgm_boundary_rows` without those behind it: `SGM_BOUNDARY_ROWS_SIZE` has all.
 */
#define SGM_BOUNDARY_ROWS_STATE 64

/**
 * The widest row of a frame that a monitor takes.
 */
#define SGM_MAX_WIDTH 1024

/**
 * Bytes of a profile: what `segmeter profile` writes.
 */
#define SGM_PROFILE_SIZE 2078

/**
 * Bytes of a snapshot: a monitor's memory, to be kept where the power may be cut.
 */
#define SGM_SNAPSHOT_SIZE 671

/**
 * Bytes of a packet.
 */
#define SGM_PACKET_SIZE 46

/**
 * Bytes of an `sgm_monitor`.
 */
#define SGM_MONITOR_SIZE 3328

/**
 * Signals that a monitor watches: `SGM_SIGNALS` names them.
 */
#define SGM_SIGNAL_COUNT 8

/**
 * It cannot tell: warming up, or too many invalid frames.
 */
#define SGM_STATE_UNKNOWN 0

/**
 * In control.
 */
#define SGM_STATE_NORMAL 1

/**
 * A chart is above half of its threshold, or the scene alone has changed.
 */
#define SGM_STATE_WATCH 2

/**
 * The model can no longer be trusted.
 */
#define SGM_STATE_ALARM 3

/**
 * An alarm that somebody has seen.
 */
#define SGM_STATE_ACKNOWLEDGED 4

/**
 * `sgm_verdict.conditions`: too many frames in a row were invalid.
 */
#define SGM_CONDITION_INVALID_RUN 1

/**
 * `sgm_verdict.conditions`: most frames of the last block were invalid.
 */
#define SGM_CONDITION_UNDECIDED 2

/**
 * `sgm_verdict.conditions`: warming up.
 */
#define SGM_CONDITION_WARM_UP 4

/**
 * `sgm_verdict.conditions`: what the monitor had in memory was lost.
 */
#define SGM_CONDITION_STATE_LOST 8

/**
 * `sgm_verdict.conditions`: the estimated IoU has fallen by more than the profile allows.
 */
#define SGM_CONDITION_HARM 16

/**
 * `sgm_observation.invalid`: the frame was measured.
 */
#define SGM_VALID 255

/**
 * `sgm_observation.invalid`: it did not arrive whole.
 */
#define SGM_INVALID_MISSING 0

/**
 * `sgm_observation.invalid`: another size than the profile's.
 */
#define SGM_INVALID_SHAPE 1

/**
 * `sgm_observation.invalid`: an output of the network is not a number.
 */
#define SGM_INVALID_NOT_FINITE 2

/**
 * `sgm_observation.invalid`: a class that the network does not have.
 */
#define SGM_INVALID_CLASS 3

/**
 * `sgm_observation.invalid`: every pixel has the same code.
 */
#define SGM_INVALID_CONSTANT 4

/**
 * `sgm_observation.invalid`: the same content as in the frames before.
 */
#define SGM_INVALID_FROZEN 5

/**
 * `sgm_observation.invalid`: the camera says that the exposure is wrong.
 */
#define SGM_INVALID_EXPOSURE 6

/**
 * `sgm_observation.invalid`: a time before that of the frame before.
 */
#define SGM_INVALID_BACKWARDS 7

/**
 * `sgm_observation.invalid`: too long after the frame before.
 */
#define SGM_INVALID_GAP 8

/**
 * `sgm_observation.invalid`: a counter would have passed its largest value.
 */
#define SGM_INVALID_OVERFLOW 9

/**
 * `sgm_monitor_site`: there is no reference of this place.
 */
#define SGM_SITE_EMPTY 0

/**
 * `sgm_monitor_site`: it is being collected.
 */
#define SGM_SITE_CAPTURING 1

/**
 * `sgm_monitor_site`: it is sealed.
 */
#define SGM_SITE_SEALED 2

/**
 * What functions return: done, undefined, or an error below zero.
 */
enum sgm_status
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Done, and what was asked for is written.
     */
    SGM_OK = 0,
    /**
     * The quantity has no value for these pixels (0/0, no label, no road): nothing is written. Not an error.
     */
    SGM_UNDEFINED = 1,
    /**
     * There is no row now: push the next one. Nothing is written. Not an error.
     */
    SGM_NONE = 2,
    /**
     * A pointer is null.
     */
    SGM_ERROR_NULL = -1,
    /**
     * A pointer is not aligned for what it points to.
     */
    SGM_ERROR_MISALIGNED = -2,
    /**
     * Storage or room is smaller than the library needs: compile with the header of this library.
     */
    SGM_ERROR_STORAGE = -3,
    /**
     * The object was never initialised, or is one of another kind, or its initialisation failed.
     */
    SGM_ERROR_KIND = -4,
    /**
     * Two arguments share memory that this call changes.
     */
    SGM_ERROR_OVERLAP = -5,
    /**
     * A length is not the one that is asked for, or no memory can be so long.
     */
    SGM_ERROR_LENGTH = -6,
    /**
     * Height or width is 0, the width above SGM_MAX_WIDTH, an image too large, or the profile is for frames of another size.
     */
    SGM_ERROR_SHAPE = -7,
    /**
     * A quantiser's scale, zero point, encoding or meaning is out of range.
     */
    SGM_ERROR_QUANTISER = -8,
    /**
     * Table, sketch and profile are for codes of different quantisers.
     */
    SGM_ERROR_MISMATCH = -9,
    /**
     * There is no entry, list or parameter of this name or number.
     */
    SGM_ERROR_NAME = -10,
    /**
     * The value of a parameter is out of its range.
     */
    SGM_ERROR_PARAMETER = -11,
    /**
     * The loss depends on where pixels are, which a sketch does not know, or is not for binary frames; or the codes are
     * probabilities where logits are asked for.
     */
    SGM_ERROR_UNSUPPORTED = -12,
    /**
     * A label (or a prediction) is neither a class, 0 or 1 of a network of one, nor the id of ignored pixels.
     */
    SGM_ERROR_LABEL = -13,
    /**
     * A sketch would have more than 2^32 - 1 pixels, or a counter was too large: reset it more often.
     */
    SGM_ERROR_OVERFLOW = -14,
    /**
     * It is not the time for this call: no frame under way, rows missing or too many, nothing to acknowledge or to seal.
     */
    SGM_ERROR_ORDER = -15,
    /**
     * The bytes do not begin as such a record does.
     */
    SGM_ERROR_MAGIC = -16,
    /**
     * The record is of another version: make it again with this version's desk.
     */
    SGM_ERROR_VERSION = -17,
    /**
     * The record is damaged: its checksum is wrong.
     */
    SGM_ERROR_CHECKSUM = -18,
    /**
     * The record is whole, but a value in it cannot be.
     */
    SGM_ERROR_VALUE = -19,
    /**
     * The snapshot was made with another profile.
     */
    SGM_ERROR_PROFILE = -20,
    /**
     * There are not 2 to SGM_MAX_CLASSES classes, or this is none of them.
     */
    SGM_ERROR_CLASSES = -21,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum sgm_status sgm_status;
#else
typedef int32_t sgm_status;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Storage for what every code means: its logit and probability. About 4 KiB; one serves all sketches of a network.
 */
typedef struct SGM_ALIGNED(16) sgm_table {
    /**
     * Private.
     */
    uint8_t opaque[SGM_TABLE_SIZE];
} sgm_table;

/**
 * What the 8-bit codes of a network mean: of an output tensor its scale and zero point.
 */
typedef struct sgm_quantiser {
    /**
     * Logit or probability of a step of the code: above 0, below 1e6.
     */
    float scale;
    /**
     * The code of 0: -128 to 127 if signed, 0 to 255 if not.
     */
    int32_t zero_point;
    /**
     * `SGM_UNSIGNED` or `SGM_SIGNED`.
     */
    uint8_t encoding;
    /**
     * `SGM_LOGITS`, `SGM_PROBABILITIES` or `SGM_PROBABILITIES_OF_255`.
     */
    uint8_t meaning;
} sgm_quantiser;

/**
 * Storage for a sketch: a histogram of labels and codes, which says of the losses and metrics that do not depend on where
 * pixels are exactly what whole frames would. About 4 KiB.
 */
typedef struct SGM_ALIGNED(16) sgm_sketch {
    /**
     * Private.
     */
    uint8_t opaque[SGM_SKETCH_SIZE];
} sgm_sketch;

/**
 * A parameter of a loss, by its name in the list of losses.
 */
typedef struct sgm_parameter {
    /**
     * What it is called, with a NUL: `fn_weight`.
     */
    const char *name;
    /**
     * A word, with a NUL, of a parameter that is one (`true` and `false` too), or null: then it is `number`.
     */
    const char *word;
    /**
     * The number.
     */
    double number;
} sgm_parameter;

/**
 * Pixels by prediction and label. Plain counts: add those of frames, tiles or devices as you like. All zero at the start.
 */
typedef struct sgm_confusion {
    /**
     * Foreground, and predicted so.
     */
    uint64_t true_positive;
    /**
     * Background, but predicted foreground.
     */
    uint64_t false_positive;
    /**
     * Foreground, but predicted background.
     */
    uint64_t false_negative;
    /**
     * Background, and predicted so.
     */
    uint64_t true_negative;
} sgm_confusion;

/**
 * How far confidences are from the truth. All in [0, 1] but the last, which is in nats.
 */
typedef struct sgm_calibration {
    /**
     * Expected calibration error: mean over pixels of |accuracy - confidence| of their bin; top label, 15 bins (Guo 2017).
     */
    double expected_error;
    /**
     * The largest |accuracy - confidence| of a bin.
     */
    double maximum_error;
    /**
     * Brier score: mean of (p - g)^2.
     */
    double brier;
    /**
     * Negative log-likelihood, a probability counting as 1e-7 at the least.
     */
    double negative_log_likelihood;
} sgm_calibration;

/**
 * What codes say without labels, of all pixels, in steps of 2^-16.
 */
typedef struct sgm_statistics {
    /**
     * Share of pixels predicted foreground, in [0, 1].
     */
    int32_t road_fraction;
    /**
     * Mean entropy of the prediction in nats, in [0, ln 2].
     */
    int32_t mean_entropy;
    /**
     * Mean of |2p - 1|, in [0, 1].
     */
    int32_t mean_margin;
    /**
     * Mean of max(p, 1 - p), in [1/2, 1].
     */
    int32_t mean_max_softmax;
    /**
     * Share of pixels with |2p - 1| < 1/2, in [0, 1].
     */
    int32_t low_confidence_fraction;
} sgm_statistics;

/**
 * Storage for a frame of scores on its way to ids: the head of `SGM_CLASSES_ROWS_SIZE` bytes.
 *
 * ```c
 * static union { sgm_classes_rows rows; uint8_t bytes[SGM_CLASSES_ROWS_SIZE(80, 19, 8)]; } memory;
 * ```
 */
typedef struct SGM_ALIGNED(16) sgm_classes_rows {
    /**
     * Private.
     */
    uint8_t opaque[SGM_CLASSES_ROWS_STATE];
} sgm_classes_rows;

/**
 * The scores of a network of several classes, and the image that they are of.
 */
typedef struct sgm_classes_layout {
    /**
     * Rows of scores, at least 1.
     */
    uint32_t height;
    /**
     * Pixels of a row of scores, at least 1.
     */
    uint32_t width;
    /**
     * Classes, 2 to `SGM_MAX_CLASSES`.
     */
    uint32_t classes;
    /**
     * How often the image is as high and as wide, 1 to `SGM_MAX_FACTOR`; neither side is more than 65535.
     */
    uint32_t factor;
    /**
     * `SGM_UNSIGNED` or `SGM_SIGNED`. Scale and zero point, the same for all classes, change no id.
     */
    uint8_t encoding;
    /**
     * `SGM_HALF_PIXEL`, `SGM_ALIGNED_CORNERS` (an image of at most 2^23 pixels) or `SGM_NEAREST`.
     */
    uint8_t interpolation;
} sgm_classes_layout;

/**
 * Storage for sums over pixels of scores, and the table of exponentials that they take.
 */
typedef struct SGM_ALIGNED(16) sgm_classes_sums {
    /**
     * Private.
     */
    uint8_t opaque[SGM_CLASSES_SUMS_SIZE];
} sgm_classes_sums;

/**
 * What the scores of several classes say without labels, at their own resolution; means of all pixels in steps of 2^-16.
 */
typedef struct sgm_classes_statistics {
    /**
     * Mean of what the highest score is above the second, in steps of a code, in [0, 255].
     */
    int32_t mean_margin;
    /**
     * Mean of `-T ln(sum e^(z/T))` of the logits, the free energy.
     */
    int32_t mean_energy;
    /**
     * Mean softmax probability of the predicted class, in (0, 1].
     */
    int32_t mean_confidence;
    /**
     * Mean entropy of softmax in nats, in [0, ln(classes)].
     */
    int32_t mean_entropy;
    /**
     * Pixels.
     */
    uint32_t pixels;
    /**
     * Pixels predicted to be of each class.
     */
    uint32_t predicted[SGM_MAX_CLASSES];
} sgm_classes_statistics;

/**
 * Storage for a frame on its way in: the head of `SGM_BOUNDARY_ROWS_SIZE` bytes.
 *
 * ```c
 * static union { sgm_boundary_rows rows; uint8_t bytes[SGM_BOUNDARY_ROWS_SIZE(640, 4)]; } memory;
 * ```
 */
typedef struct SGM_ALIGNED(16) sgm_boundary_rows {
    /**
     * Private.
     */
    uint8_t opaque[SGM_BOUNDARY_ROWS_STATE];
} sgm_boundary_rows;

/**
 * Pixels of boundaries. Plain counts: add those of frames, tiles or devices as you like. All zero at the start.
 */
typedef struct sgm_boundary_counts {
    /**
     * On the boundary of the prediction and on that of the label.
     */
    uint64_t both;
    /**
     * On one of them, or on both.
     */
    uint64_t either;
} sgm_boundary_counts;

/**
 * Storage for a drift monitor and the profile that it compares with. About 4 KiB.
 */
typedef struct SGM_ALIGNED(16) sgm_monitor {
    /**
     * Private.
     */
    uint8_t opaque[SGM_MONITOR_SIZE];
} sgm_monitor;

/**
 * The monitor's conclusion after the last complete block of frames.
 */
typedef struct sgm_verdict {
    /**
     * `SGM_STATE_UNKNOWN` and the others.
     */
    uint8_t state;
    /**
     * Bit `1 << i`: signal `i` of `SGM_SIGNALS` has left the profile's reference; in state watch, it is half-way.
     */
    uint8_t factory;
    /**
     * The same against the reference of this place.
     */
    uint8_t site;
    /**
     * `SGM_CONDITION_INVALID_RUN` and the others, added up.
     */
    uint8_t conditions;
    /**
     * Complete blocks so far.
     */
    uint32_t blocks;
} sgm_verdict;

/**
 * What is known of a frame besides its pixels. All zero, or a null pointer: nothing.
 */
typedef struct sgm_facts {
    /**
     * When it was taken, in ms of any clock that does not stop.
     */
    uint64_t time_ms;
    /**
     * 1: `time_ms` is known.
     */
    uint8_t has_time;
    /**
     * 1: the camera says that the exposure is wrong.
     */
    uint8_t exposure_fault;
} sgm_facts;

/**
 * What the IoU of a frame is believed to be, in steps of 2^-16, in [0, 1].
 */
typedef struct sgm_estimate {
    /**
     * Expected IoU.
     */
    int32_t value;
    /**
     * The lower end of its interval.
     */
    int32_t low;
    /**
     * The upper end.
     */
    int32_t high;
} sgm_estimate;

/**
 * How much IoU is believed to be lost over the last frames, in steps of 2^-16.
 */
typedef struct sgm_harm {
    /**
     * The loss that is believed in.
     */
    int32_t lost;
    /**
     * If every frame's IoU is the highest of its interval.
     */
    int32_t least;
    /**
     * If every frame's IoU is the lowest of its interval.
     */
    int32_t most;
} sgm_harm;

/**
 * What a monitor makes of a frame.
 */
typedef struct sgm_observation {
    /**
     * The conclusion so far.
     */
    struct sgm_verdict verdict;
    /**
     * `SGM_VALID`, or why the frame was not measured: `SGM_INVALID_MISSING` and the others. It then counts as invalid.
     */
    uint8_t invalid;
    /**
     * Bit `1 << i`: `signals[i]` has a value.
     */
    uint8_t has_signals;
    /**
     * 1: there is an estimate. The profile must have learnt from labels, and the frame been measured.
     */
    uint8_t has_estimate;
    /**
     * 1: there were frames enough for `harm`.
     */
    uint8_t has_harm;
    /**
     * The signals of the frame by their places in `SGM_SIGNALS`, in steps of 2^-16; 0 where there is none.
     */
    int32_t signals[SGM_SIGNAL_COUNT];
    /**
     * Estimated IoU; 0 where there is none.
     */
    struct sgm_estimate estimate;
    /**
     * The loss of IoU that is believed in; 0 where there is none.
     */
    struct sgm_harm harm;
} sgm_observation;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * The text of a status in English, one line without a full stop; of a number that is none, that it is unknown. Never null,
 * never to be freed.
 */
const char *sgm_status_text(int32_t status);

/**
 * `SGM_ABI_VERSION` of the library: if it is not that of the header, nothing else may be called.
 */
uint32_t sgm_abi_version(void);

/**
 * Entries of a list (`SGM_LOSSES` and the others); 0 if there is no such list.
 */
uint32_t sgm_count(uint32_t list);

/**
 * Writes the name of an entry, with a NUL, into `text` of `size` bytes; 48 are enough for every name.
 *
 * Errors: `SGM_ERROR_NAME` if there is no such list or entry, `SGM_ERROR_LENGTH` if the name does not fit.
 */
SGM_MUST_USE sgm_status sgm_name(uint32_t list, uint32_t number, char *text, size_t size);

/**
 * The number of the entry of a list that is called `name` (with a NUL); a loss may be called by its other names.
 *
 * Errors: `SGM_ERROR_NAME` if nothing is called so.
 */
SGM_MUST_USE
sgm_status sgm_find(uint32_t list,
                    const char *name,
                    uint32_t *number);

/**
 * Makes a table in `table`, which is `size` bytes long (`sizeof`), for the codes of a network: once. 28000 instructions on
 * a Cortex-M4F, 1.2 million on a Cortex-M0.
 *
 * Errors: of storage; `SGM_ERROR_QUANTISER`.
 */
SGM_MUST_USE
sgm_status sgm_table_init(struct sgm_table *table,
                          size_t size,
                          const struct sgm_quantiser *quantiser);

/**
 * Makes an empty sketch in `sketch`, which is `size` bytes long (`sizeof`), for the codes of a network.
 *
 * Errors: of storage; `SGM_ERROR_QUANTISER`.
 */
SGM_MUST_USE sgm_status sgm_sketch_init(struct sgm_sketch *sketch, size_t size, const struct sgm_quantiser *quantiser);

/**
 * Forgets every pixel: at the start of a frame, or of a group of frames that are scored as one.
 */
SGM_MUST_USE sgm_status sgm_sketch_reset(struct sgm_sketch *sketch);

/**
 * Adds `length` pixels: a row, or a whole frame.
 *
 * `codes` are `length` bytes, `int8_t` or `uint8_t` as the quantiser says. `labels` are as many bytes, each 0 (background),
 * 1 (foreground) or `ignore` (not scored; 2 to 255, mostly `SGM_IGNORE`); null if there are no labels: the pixels then count
 * for what is said without labels alone. 11 instructions a pixel on a Cortex-M4, 25 on a Cortex-M0; 7 without labels.
 *
 * Errors: `SGM_ERROR_LABEL` for any other label (masks of 0 and 255 are to become 0 and 1); `SGM_ERROR_OVERFLOW`. Nothing is
 * added then.
 */
SGM_MUST_USE
sgm_status sgm_sketch_push_row(struct sgm_sketch *sketch,
                               const void *codes,
                               const uint8_t *labels,
                               size_t length,
                               uint8_t ignore);

/**
 * Adds a row of `length` pixels whose labels are a bit each: pixel `x` is bit `x % 8`, the least significant first, of byte
 * `x / 8`, of `(length + 7) / 8` bytes.
 *
 * A bit of `foreground` says that the pixel is of the class, a bit of `valid` that it has a label at all; `valid` may be
 * null: all have one. 10 instructions a pixel on a Cortex-M4, 14 on a Cortex-M0.
 *
 * Errors: `SGM_ERROR_OVERFLOW`; nothing is added then.
 */
SGM_MUST_USE
sgm_status sgm_sketch_push_packed_row(struct sgm_sketch *sketch,
                                      const void *codes,
                                      const uint8_t *foreground,
                                      const uint8_t *valid,
                                      size_t length);

/**
 * Adds the pixels of `from` to `into`: tiles of a frame, or frames that are scored as one, in any order.
 *
 * Errors: `SGM_ERROR_MISMATCH`, `SGM_ERROR_OVERFLOW`; nothing is added then.
 */
SGM_MUST_USE sgm_status sgm_sketch_merge(struct sgm_sketch *into, const struct sgm_sketch *from);

/**
 * Pixels of a sketch: all, and those with a label of 0 and of 1. Where a pointer is null, that number is not asked for.
 */
SGM_MUST_USE
sgm_status sgm_sketch_pixels(const struct sgm_sketch *sketch,
                             uint32_t *pixels,
                             uint32_t *background,
                             uint32_t *foreground);

/**
 * The value of a loss for the labelled pixels of a sketch, rounded once from 64 bits.
 *
 * `loss` is its number in `SGM_LOSSES` (`sgm_find`); `parameters` are `count` of its parameters, all others have their
 * defaults; null and 0 for all defaults. A frame of any size costs the same: 15000 to 120000 instructions on a Cortex-M4F,
 * 31000 to 2 million on a Cortex-M0; up to 4.6 KiB of stack.
 *
 * `SGM_UNDEFINED`: no pixel has a label, or the formula is 0/0. Errors: `SGM_ERROR_NAME` if there is no such loss, or a
 * parameter is not one of its, or is named twice; `SGM_ERROR_PARAMETER` if its value is out of range;
 * `SGM_ERROR_UNSUPPORTED` for a loss that depends on where pixels are; `SGM_ERROR_MISMATCH`.
 */
SGM_MUST_USE
sgm_status sgm_loss(const struct sgm_sketch *sketch,
                    const struct sgm_table *table,
                    uint32_t loss,
                    const struct sgm_parameter *parameters,
                    size_t count,
                    float *value);

/**
 * The pixels of a sketch by prediction and label: foreground is a logit above 0, a probability above one half.
 *
 * Errors: `SGM_ERROR_MISMATCH`.
 */
SGM_MUST_USE
sgm_status sgm_sketch_confusion(const struct sgm_sketch *sketch,
                                const struct sgm_table *table,
                                struct sgm_confusion *confusion);

/**
 * Adds a row of `length` predictions and labels to counts: of networks that give masks.
 *
 * A prediction is 0 or 1, a label 0, 1 or `ignore` (2 to 255: not scored, whatever the prediction).
 *
 * Errors: `SGM_ERROR_LABEL` for any other, `SGM_ERROR_OVERFLOW`; nothing is added then.
 */
SGM_MUST_USE
sgm_status sgm_confusion_push_row(struct sgm_confusion *confusion,
                                  const uint8_t *predictions,
                                  const uint8_t *labels,
                                  size_t length,
                                  uint8_t ignore);

/**
 * A metric of the foreground against the rest: `metric` is its number in `SGM_METRICS` (`sgm_find`: "iou", "dice",
 * "precision" ...), with the defaults of its parameters.
 *
 * `SGM_UNDEFINED` where its formula is 0/0. Errors: `SGM_ERROR_NAME`; `SGM_ERROR_OVERFLOW` for a count of 2^60 and more.
 */
SGM_MUST_USE
sgm_status sgm_metric(const struct sgm_confusion *confusion,
                      uint32_t metric,
                      double *value);

/**
 * Area under the ROC curve: the chance that a foreground pixel has a higher code than a background one, ties counted half.
 * Exact.
 *
 * `SGM_UNDEFINED` without a label of either kind.
 */
SGM_MUST_USE
sgm_status sgm_sketch_auroc(const struct sgm_sketch *sketch,
                            double *value);

/**
 * Average precision, the step form of scikit-learn. Exact.
 *
 * `SGM_UNDEFINED` without foreground.
 */
SGM_MUST_USE sgm_status sgm_sketch_average_precision(const struct sgm_sketch *sketch, double *value);

/**
 * Calibration of the labelled pixels of a sketch.
 *
 * `SGM_UNDEFINED` without a label. Errors: `SGM_ERROR_MISMATCH`.
 */
SGM_MUST_USE sgm_status sgm_sketch_calibration(const struct sgm_sketch *sketch, const struct sgm_table *table, struct sgm_calibration *value);

/**
 * What the codes of a sketch say without labels.
 *
 * `SGM_UNDEFINED` without a pixel. Errors: `SGM_ERROR_MISMATCH`.
 */
SGM_MUST_USE sgm_status sgm_sketch_statistics(const struct sgm_sketch *sketch, const struct sgm_table *table, struct sgm_statistics *value);

/**
 * Splits a row of scores of all classes into a row of codes for each class: by how much its logit lies above the highest of
 * the others. A sketch, a table and a monitor of a class go on from there, as for a network of one class.
 *
 * `scores` are those of `width` pixels, `encoding` is `SGM_SIGNED` or `SGM_UNSIGNED`, `plane` as in
 * `sgm_classes_rows_push_row`. `codes` gets `classes * width` values: those of class `c` begin at `c * width`. They are
 * signed logits of the network's scale with zero point 0: `{scale, 0, SGM_SIGNED, SGM_LOGITS}`; above 0 for the class that
 * is predicted and for no other.
 *
 * Errors: `SGM_ERROR_CLASSES`, `SGM_ERROR_QUANTISER` for an encoding that is none, `SGM_ERROR_LENGTH`.
 */
SGM_MUST_USE
sgm_status sgm_classes_against_rest(const void *scores,
                                    size_t width,
                                    size_t plane,
                                    uint32_t classes,
                                    uint8_t encoding,
                                    int8_t *codes);

/**
 * Adds a row of `length` predicted ids and labels to `counts`: `classes * classes` of them, all zero at the start;
 * `counts[label * classes + prediction]`. Plain counts: add those of frames, tiles or devices as you like.
 *
 * An id is 0 to `classes - 1`. Pixels with the label `ignore`, `classes` to 255, are not scored, whatever the prediction.
 *
 * Errors: `SGM_ERROR_CLASSES`; `SGM_ERROR_LABEL` for any other id, or an `ignore` that is a class: nothing is added then.
 * `SGM_ERROR_OVERFLOW` if a count stopped at 2^64 - 1.
 */
SGM_MUST_USE
sgm_status sgm_classes_confusion_push_row(uint64_t *counts,
                                          uint32_t classes,
                                          const uint8_t *predictions,
                                          const uint8_t *labels,
                                          size_t length,
                                          uint8_t ignore);

/**
 * The counts of `class` against the rest, which `sgm_metric` reads IoU, Dice and the others from.
 *
 * Errors: `SGM_ERROR_CLASSES`, also for a `class` that is none; `SGM_ERROR_OVERFLOW` for a count of 2^50 and more.
 */
SGM_MUST_USE
sgm_status sgm_classes_confusion_of(const uint64_t *counts,
                                    uint32_t classes,
                                    uint32_t class_,
                                    struct sgm_confusion *confusion);

/**
 * The mean of the intersections over union of the classes that are in labels or predictions.
 *
 * `SGM_UNDEFINED` without a pixel. Errors: `SGM_ERROR_CLASSES`; `SGM_ERROR_OVERFLOW` for a count of 2^50 and more.
 */
SGM_MUST_USE
sgm_status sgm_classes_mean_iou(const uint64_t *counts,
                                uint32_t classes,
                                double *value);

/**
 * The share of scored pixels that are right.
 *
 * `SGM_UNDEFINED` without a pixel. Errors: `SGM_ERROR_CLASSES`; `SGM_ERROR_OVERFLOW` for a count of 2^50 and more.
 */
SGM_MUST_USE
sgm_status sgm_classes_pixel_accuracy(const uint64_t *counts,
                                      uint32_t classes,
                                      double *value);

/**
 * Makes `rows` ready for the first frame of such scores; `size` is that of the memory behind the pointer, at least
 * `SGM_CLASSES_ROWS_SIZE(width, classes, factor)`: of a union that holds both, its `sizeof`.
 *
 * Errors: of storage; `SGM_ERROR_CLASSES`, `SGM_ERROR_SHAPE`, `SGM_ERROR_QUANTISER` for an encoding that is none,
 * `SGM_ERROR_PARAMETER` for such a factor or interpolation.
 */
SGM_MUST_USE
sgm_status sgm_classes_rows_init(struct sgm_classes_rows *rows,
                                 size_t size,
                                 const struct sgm_classes_layout *layout);

/**
 * Forgets what has come: at the start of a frame.
 */
SGM_MUST_USE sgm_status sgm_classes_rows_reset(struct sgm_classes_rows *rows);

/**
 * Takes the next row of scores, from the top, of `width` pixels.
 *
 * With a `plane` of 0 all classes of a pixel lie side by side, as in a tensor of height, width and classes. Otherwise those
 * of the first class do, and those of every other class `plane` bytes behind those of the last: height times width in a
 * tensor of classes, height and width, `width` in a row of them.
 *
 * Errors: `SGM_ERROR_LENGTH` for another width or a `plane` below it; `SGM_ERROR_ORDER` if the frame has no more rows, or
 * ids wait: call `sgm_classes_rows_next_row` until it says `SGM_NONE`.
 */
SGM_MUST_USE
sgm_status sgm_classes_rows_push_row(struct sgm_classes_rows *rows,
                                     const void *scores,
                                     size_t width,
                                     size_t plane);

/**
 * Writes the next row of ids, `length` of them, which is `width * factor` of the scores. Every row of scores gives up to
 * `1.5 * factor` rows; with a bilinear interpolation, the first of several gives none.
 *
 * Of equal interpolated scores the class with the lowest id wins. `SGM_NONE` if the rows that have come do not say what it
 * is, or it was the last. Errors: `SGM_ERROR_LENGTH`.
 */
SGM_MUST_USE
sgm_status sgm_classes_rows_next_row(struct sgm_classes_rows *rows,
                                     uint8_t *ids,
                                     size_t length);

/**
 * Makes empty sums in `sums`, which is `size` bytes long (`sizeof`), for the logits of a network of `classes` classes, and
 * their exponentials at a temperature: 1 is that of the loss. Once: 256 exponentials.
 *
 * Errors: of storage; `SGM_ERROR_CLASSES`, `SGM_ERROR_QUANTISER`, `SGM_ERROR_UNSUPPORTED` for codes of probabilities, which
 * have no energy, `SGM_ERROR_PARAMETER` unless the temperature is above 0 and below 1e6.
 */
SGM_MUST_USE
sgm_status sgm_classes_sums_init(struct sgm_classes_sums *sums,
                                 size_t size,
                                 const struct sgm_quantiser *quantiser,
                                 uint32_t classes,
                                 float temperature);

/**
 * Forgets every pixel: at the start of a frame.
 */
SGM_MUST_USE sgm_status sgm_classes_sums_reset(struct sgm_classes_sums *sums);

/**
 * Adds a row of `width` pixels; `scores` and `plane` as in `sgm_classes_rows_push_row`, the encoding that of the quantiser.
 *
 * Errors: `SGM_ERROR_LENGTH` for a `plane` below the width; `SGM_ERROR_OVERFLOW`. Nothing is added then.
 */
SGM_MUST_USE
sgm_status sgm_classes_sums_push_row(struct sgm_classes_sums *sums,
                                     const void *scores,
                                     size_t width,
                                     size_t plane);

/**
 * What the scores say so far.
 *
 * `SGM_UNDEFINED` without a pixel.
 */
SGM_MUST_USE sgm_status sgm_classes_sums_statistics(const struct sgm_classes_sums *sums, struct sgm_classes_statistics *statistics);

/**
 * Makes `rows` ready for the first frame of `width` pixels a row; `size` is that of the memory behind the pointer, at least
 * `SGM_BOUNDARY_ROWS_SIZE(width, distance)`: of a union that holds both, its `sizeof`.
 *
 * The boundary of a mask are its pixels at most `distance` rows and columns from its background, 1 to
 * `SGM_MAX_BOUNDARY_DISTANCE`: for COCO 2 % of the frame's diagonal, for Cityscapes .5 %. `frame_counts` says whether what
 * lies outside of the frame is background, 1 (as there) or 0.
 *
 * Errors: of storage; `SGM_ERROR_SHAPE` for a `width` of 0, `SGM_ERROR_PARAMETER` for another distance, or neither 0 nor 1.
 */
SGM_MUST_USE
sgm_status sgm_boundary_rows_init(struct sgm_boundary_rows *rows,
                                  size_t size,
                                  uint32_t width,
                                  uint32_t distance,
                                  uint8_t frame_counts);

/**
 * Forgets what has come: at the start of a frame that is not the one after `sgm_boundary_rows_finish`.
 */
SGM_MUST_USE sgm_status sgm_boundary_rows_reset(struct sgm_boundary_rows *rows);

/**
 * Takes the next row of `length` predicted ids and labels, from the top. The masks are the pixels of `class_id`; those with the
 * label `ignore` are in neither, and no boundary is made by them.
 *
 * Errors: `SGM_ERROR_LENGTH` for another length than the width.
 */
SGM_MUST_USE
sgm_status sgm_boundary_rows_push_row(struct sgm_boundary_rows *rows,
                                      const uint8_t *predictions,
                                      const uint8_t *labels,
                                      size_t length,
                                      uint8_t class_id,
                                      uint8_t ignore);

/**
 * After the last row: adds the frame to `counts`, and is ready for the next one.
 *
 * Errors: `SGM_ERROR_OVERFLOW`, with `counts` as they were.
 */
SGM_MUST_USE sgm_status sgm_boundary_rows_finish(struct sgm_boundary_rows *rows, struct sgm_boundary_counts *counts);

/**
 * Boundary IoU of counts.
 *
 * `SGM_UNDEFINED` where neither mask has a boundary.
 */
SGM_MUST_USE sgm_status sgm_boundary_iou(const struct sgm_boundary_counts *counts, double *value);

/**
 * What the codes of a profile's network mean: a device needs to know nothing else of it.
 *
 * `profile` is a record of `length` bytes, `SGM_PROFILE_SIZE` or more.
 *
 * Errors: of a record.
 */
SGM_MUST_USE sgm_status sgm_profile_quantiser(const uint8_t *profile, size_t length, struct sgm_quantiser *quantiser);

/**
 * Makes a monitor in `monitor`, which is `size` bytes long (`sizeof`), with the profile that `segmeter profile` made on the
 * desk: a record of `length` bytes, `SGM_PROFILE_SIZE` or more, which is copied.
 *
 * Errors: of storage; of a record: `SGM_ERROR_MAGIC`, `SGM_ERROR_VERSION`, `SGM_ERROR_LENGTH`, `SGM_ERROR_CHECKSUM`,
 * `SGM_ERROR_VALUE`.
 */
SGM_MUST_USE
sgm_status sgm_monitor_init(struct sgm_monitor *monitor,
                            size_t size,
                            const uint8_t *profile,
                            size_t length);

/**
 * The conclusion so far.
 */
SGM_MUST_USE sgm_status sgm_monitor_verdict(const struct sgm_monitor *monitor, struct sgm_verdict *verdict);

/**
 * Somebody has seen the alarm. It ends as any alarm does, and is raised again if another signal drifts.
 *
 * Errors: `SGM_ERROR_ORDER` if there is no alarm.
 */
SGM_MUST_USE sgm_status sgm_monitor_acknowledge(struct sgm_monitor *monitor);

/**
 * Starts to collect a reference of the place where the monitor works, beside the profile's; one that there is is forgotten.
 */
SGM_MUST_USE
sgm_status sgm_monitor_capture_site(struct sgm_monitor *monitor);

/**
 * Seals that reference: from here on, charts against it count as well.
 *
 * Errors: `SGM_ERROR_ORDER` if none is being collected, if it has too few blocks yet, or in an alarm.
 */
SGM_MUST_USE sgm_status sgm_monitor_seal_site(struct sgm_monitor *monitor);

/**
 * `SGM_SITE_EMPTY`, `SGM_SITE_CAPTURING` or `SGM_SITE_SEALED`, and the blocks that the reference of this place has.
 */
SGM_MUST_USE
sgm_status sgm_monitor_site(const struct sgm_monitor *monitor,
                            uint32_t *site,
                            uint32_t *blocks);

/**
 * Writes the monitor's memory as a record, with version and checksum: for a flash, at the end of a block. `length` is that of
 * `bytes`, `SGM_SNAPSHOT_SIZE` exactly. `sequence` is to rise by one with every snapshot: of several, the newest counts.
 *
 * Errors: `SGM_ERROR_LENGTH`.
 */
SGM_MUST_USE
sgm_status sgm_monitor_save(const struct sgm_monitor *monitor,
                            uint32_t sequence,
                            uint8_t *bytes,
                            size_t length);

/**
 * Goes on with the memory that a snapshot holds: after `sgm_monitor_init` with the same profile, before the first frame.
 * `sequence`, which may be null, becomes the snapshot's.
 *
 * Errors: `SGM_ERROR_ORDER` in a frame, `SGM_ERROR_PROFILE` for that of another profile, those of a record
 * (`sgm_monitor_init`). The monitor is as it was then; `sgm_monitor_lost` lets it say that it began anew.
 */
SGM_MUST_USE
sgm_status sgm_monitor_restore(struct sgm_monitor *monitor,
                               const uint8_t *bytes,
                               size_t length,
                               uint32_t *sequence);

/**
 * Starts the monitor anew, and lets it say so until its first block (`SGM_CONDITION_STATE_LOST`): where there was a snapshot
 * that is of no use.
 */
SGM_MUST_USE
sgm_status sgm_monitor_lost(struct sgm_monitor *monitor);

/**
 * Writes what a device sends of its monitor: a packet with version, number and checksum, which `segmeter` and
 * `segmeter_core::drift::Packet` read. `time_ms` is of the device's clock; `length` is that of `bytes`, `SGM_PACKET_SIZE`
 * exactly.
 *
 * Errors: `SGM_ERROR_LENGTH`.
 */
SGM_MUST_USE
sgm_status sgm_monitor_packet(struct sgm_monitor *monitor,
                              uint32_t time_ms,
                              uint8_t *bytes,
                              size_t length);

/**
 * Starts a frame of `height` rows of `width` pixels, whose rows `sgm_monitor_push_row` and `sgm_sketch_push_row` of a sketch
 * that was reset take, both. A frame under way counts as one that did not arrive whole.
 *
 * Errors: `SGM_ERROR_SHAPE`; for another size than the profile's, the frame counts as invalid too.
 */
SGM_MUST_USE
sgm_status sgm_monitor_begin(struct sgm_monitor *monitor,
                             uint32_t height,
                             uint32_t width);

/**
 * Takes the next row of the frame: `width` codes of the profile's quantiser. 7 instructions a pixel on a Cortex-M4, 13 on a
 * Cortex-M0.
 *
 * Errors: `SGM_ERROR_ORDER` without a frame or behind its last row, `SGM_ERROR_LENGTH`; the row is not taken then.
 */
SGM_MUST_USE
sgm_status sgm_monitor_push_row(struct sgm_monitor *monitor,
                                const void *codes,
                                size_t width);

/**
 * Ends the frame and says what the monitor makes of it: `sketch` holds its pixels and no others, `table` is for the profile's
 * quantiser, `facts` may be null. 90000 instructions on a Cortex-M4F, 500000 on a Cortex-M0.
 *
 * Errors: `SGM_ERROR_ORDER` without a frame; if rows are missing or the sketch holds another number of pixels, in which case
 * the frame counts as one that did not arrive whole. `SGM_ERROR_MISMATCH`.
 */
SGM_MUST_USE
sgm_status sgm_monitor_end(struct sgm_monitor *monitor,
                           const struct sgm_sketch *sketch,
                           const struct sgm_table *table,
                           const struct sgm_facts *facts,
                           struct sgm_observation *observation);

/**
 * A whole frame at once: `height` times `width` codes, row by row, without labels. `sketch` is reset and then holds the
 * frame, so that statistics of it can be asked for.
 *
 * Errors: those of `sgm_monitor_begin`, `sgm_sketch_push_row` and `sgm_monitor_end`.
 */
SGM_MUST_USE
sgm_status sgm_monitor_watch(struct sgm_monitor *monitor,
                             struct sgm_sketch *sketch,
                             const struct sgm_table *table,
                             const void *codes,
                             uint32_t height,
                             uint32_t width,
                             const struct sgm_facts *facts,
                             struct sgm_observation *observation);

/**
 * A frame that the monitor does not see, for the reason of this number (`SGM_INVALID_MISSING` and the others): it counts. A
 * frame under way is forgotten, and is that frame.
 *
 * Errors: `SGM_ERROR_NAME` if there is no such reason.
 */
SGM_MUST_USE
sgm_status sgm_monitor_miss(struct sgm_monitor *monitor,
                            uint8_t reason,
                            struct sgm_verdict *verdict);

/* The losses one by one: what sgm_loss gives for each, of a program that has no other in it. With their parameters: name, default,
 * range and meaning. */

/**
 * cross_entropy: mean over pixels of -ln p of the label; binary: -ln p on foreground, -ln(1-p) on background; of probabilities each at most 100
 * - normalise, weights: weights, count; class weights are in the divisor, or not
 */
#define sgm_loss_cross_entropy sgm_loss_CrossEntropy
SGM_MUST_USE
sgm_status sgm_loss_CrossEntropy(
    const struct sgm_sketch *sketch, const struct sgm_table *table, const struct sgm_parameter *parameters,
    size_t count, float *value);

/**
 * balanced_cross_entropy: mean of b_c (-ln p) of the label with b_c = 1 - n_c / N
 */
#define sgm_loss_balanced_cross_entropy sgm_loss_BalancedCrossEntropy
SGM_MUST_USE
sgm_status sgm_loss_BalancedCrossEntropy(
    const struct sgm_sketch *sketch, const struct sgm_table *table, const struct sgm_parameter *parameters,
    size_t count, float *value);

/**
 * focal: mean of -a (1-p)^focusing ln p of the label, a the weight of its class
 * - focusing, 2: [0,8]; power of 1-p: how little easy pixels count
 * - foreground_weight, 0.25: [0,inf); weight of foreground, or of all classes but 0
 * - background_weight, 0.75: [0,inf); weight of background, or of class 0
 */
#define sgm_loss_focal sgm_loss_Focal
SGM_MUST_USE
sgm_status sgm_loss_Focal(
    const struct sgm_sketch *sketch, const struct sgm_table *table, const struct sgm_parameter *parameters,
    size_t count, float *value);

/**
 * reduced_focal: mean of -m ln p of the label; m = ((1-p)/threshold)^focusing from the threshold up, else 1
 * - focusing, 2: [0,8]; power of 1-p: how little easy pixels count
 * - threshold, 0.5: [0.01,1]; probability from which pixels count less
 */
#define sgm_loss_reduced_focal sgm_loss_ReducedFocal
SGM_MUST_USE
sgm_status sgm_loss_ReducedFocal(
    const struct sgm_sketch *sketch, const struct sgm_table *table, const struct sgm_parameter *parameters,
    size_t count, float *value);

/**
 * normalised_focal: sum(m l) / sum(m) of the label; m = (1-p)^focusing, l = -ln p
 * - focusing, 2: [0,8]; power of 1-p: how little easy pixels count
 */
#define sgm_loss_normalised_focal sgm_loss_NormalisedFocal
SGM_MUST_USE
sgm_status sgm_loss_NormalisedFocal(
    const struct sgm_sketch *sketch, const struct sgm_table *table, const struct sgm_parameter *parameters,
    size_t count, float *value);

/**
 * top_k: mean cross-entropy of the k worst of n pixels; k the smallest with k/n >= fraction
 * - fraction, 0.1: (0,1]; share of the pixels that counts
 */
#define sgm_loss_top_k sgm_loss_TopK
SGM_MUST_USE
sgm_status sgm_loss_TopK(
    const struct sgm_sketch *sketch, const struct sgm_table *table, const struct sgm_parameter *parameters,
    size_t count, float *value);

/**
 * ohem: mean cross-entropy of the pixels whose label has p < max(threshold, the (min_kept+1)-th smallest p)
 * - threshold, 0.7: (0,1]; probability below which a pixel counts
 * - min_kept, 16: [0,2^32); the bound is at least the p after so many smallest ones
 */
#define sgm_loss_ohem sgm_loss_Ohem
SGM_MUST_USE
sgm_status sgm_loss_Ohem(
    const struct sgm_sketch *sketch, const struct sgm_table *table, const struct sgm_parameter *parameters,
    size_t count, float *value);

/**
 * label_smoothed: cross-entropy with g (1-smoothing) + smoothing/C for g
 * - smoothing, 0.1: [0,1]; share of the label that is spread over all classes
 */
#define sgm_loss_label_smoothed sgm_loss_LabelSmoothed
SGM_MUST_USE
sgm_status sgm_loss_LabelSmoothed(
    const struct sgm_sketch *sketch, const struct sgm_table *table, const struct sgm_parameter *parameters,
    size_t count, float *value);

/**
 * bootstrapped: cross-entropy with label_share g + (1-label_share) p for g
 * - label_share, 0.95: [0,1]; share of the label; the rest is the prediction
 * - hard, false: true, false; the most probable class in place of p
 */
#define sgm_loss_bootstrapped sgm_loss_Bootstrapped
SGM_MUST_USE
sgm_status sgm_loss_Bootstrapped(
    const struct sgm_sketch *sketch, const struct sgm_table *table, const struct sgm_parameter *parameters,
    size_t count, float *value);

/**
 * recall_cross_entropy: mean of (1 - TP_c/n_c) (-ln p) of the label, TP by the most probable class
 */
#define sgm_loss_recall_cross_entropy sgm_loss_RecallCrossEntropy
SGM_MUST_USE
sgm_status sgm_loss_RecallCrossEntropy(
    const struct sgm_sketch *sketch, const struct sgm_table *table, const struct sgm_parameter *parameters,
    size_t count, float *value);

/**
 * poly1: mean of -ln p + error_weight (1-p) of the label
 * - error_weight, 1: [-1,1000]; weight of 1-p
 */
#define sgm_loss_poly1 sgm_loss_Poly1
SGM_MUST_USE
sgm_status sgm_loss_Poly1(
    const struct sgm_sketch *sketch, const struct sgm_table *table, const struct sgm_parameter *parameters,
    size_t count, float *value);

/**
 * generalised_cross_entropy: mean of (1 - p^exponent) / exponent of the label
 * - exponent, 0.7: [0.01,1]; between cross-entropy (0) and absolute error (1)
 */
#define sgm_loss_generalised_cross_entropy sgm_loss_GeneralisedCrossEntropy
SGM_MUST_USE
sgm_status sgm_loss_GeneralisedCrossEntropy(
    const struct sgm_sketch *sketch, const struct sgm_table *table, const struct sgm_parameter *parameters,
    size_t count, float *value);

/**
 * dice: 1 - (2 I + numerator_smooth) / (P + G + denominator_smooth); I = sum p g, P = sum p, G = sum g
 * - smooth, 1: [0,inf); added to numerator and denominator
 * - numerator_smooth: [0,denominator_smooth]; added to the numerator; unless given smooth, or denominator_smooth if that is less
 * - denominator_smooth: [0,inf); added to the denominator; smooth unless given
 * - background: true, false; class 0 is in the mean; only of multiclass frames unless given
 * - average, macro: macro, micro; mean of the classes, or one ratio of their sums
 * - overlap, product: product, minimum; I = sum p g, or sum min(p, g) for soft labels
 * - empty, smooth: smooth, zero_if_both_empty, skip_class, mean_probability; what a class without labels gives
 */
#define sgm_loss_dice sgm_loss_Dice
SGM_MUST_USE
sgm_status sgm_loss_Dice(
    const struct sgm_sketch *sketch, const struct sgm_table *table, const struct sgm_parameter *parameters,
    size_t count, float *value);

/**
 * squared_dice: 1 - (2 I + numerator_smooth) / (sum p^2 + sum g^2 + denominator_smooth)
 * - smooth, 1: [0,inf); added to numerator and denominator
 * - numerator_smooth: [0,denominator_smooth]; added to the numerator; unless given smooth, or denominator_smooth if that is less
 * - denominator_smooth: [0,inf); added to the denominator; smooth unless given
 * - background: true, false; class 0 is in the mean; only of multiclass frames unless given
 * - average, macro: macro, micro; mean of the classes, or one ratio of their sums
 * - empty, smooth: smooth, zero_if_both_empty, skip_class, mean_probability; what a class without labels gives
 * - overlap, product: product; I = sum p g
 */
#define sgm_loss_squared_dice sgm_loss_SquaredDice
SGM_MUST_USE
sgm_status sgm_loss_SquaredDice(
    const struct sgm_sketch *sketch, const struct sgm_table *table, const struct sgm_parameter *parameters,
    size_t count, float *value);

/**
 * log_cosh_dice: ln cosh(Dice loss)
 * - smooth, 1: [0,inf); added to numerator and denominator
 * - numerator_smooth: [0,denominator_smooth]; added to the numerator; unless given smooth, or denominator_smooth if that is less
 * - denominator_smooth: [0,inf); added to the denominator; smooth unless given
 * - background: true, false; class 0 is in the mean; only of multiclass frames unless given
 * - average, macro: macro, micro; mean of the classes, or one ratio of their sums
 * - overlap, product: product, minimum; I = sum p g, or sum min(p, g) for soft labels
 * - empty, smooth: smooth, zero_if_both_empty, skip_class, mean_probability; what a class without labels gives
 */
#define sgm_loss_log_cosh_dice sgm_loss_LogCoshDice
SGM_MUST_USE
sgm_status sgm_loss_LogCoshDice(
    const struct sgm_sketch *sketch, const struct sgm_table *table, const struct sgm_parameter *parameters,
    size_t count, float *value);

/**
 * log_dice: -ln(Dice score)
 * - smooth, 1: [0,inf); added to numerator and denominator
 * - numerator_smooth: [0,denominator_smooth]; added to the numerator; unless given smooth, or denominator_smooth if that is less
 * - denominator_smooth: [0,inf); added to the denominator; smooth unless given
 * - background: true, false; class 0 is in the mean; only of multiclass frames unless given
 * - average, macro: macro, micro; mean of the classes, or one ratio of their sums
 * - overlap, product: product, minimum; I = sum p g, or sum min(p, g) for soft labels
 * - empty, smooth: smooth, zero_if_both_empty, skip_class, mean_probability; what a class without labels gives
 */
#define sgm_loss_log_dice sgm_loss_LogDice
SGM_MUST_USE
sgm_status sgm_loss_LogDice(
    const struct sgm_sketch *sketch, const struct sgm_table *table, const struct sgm_parameter *parameters,
    size_t count, float *value);

/**
 * jaccard: 1 - (I + numerator_smooth) / (P + G - I + denominator_smooth)
 * - smooth, 1: [0,inf); added to numerator and denominator
 * - numerator_smooth: [0,denominator_smooth]; added to the numerator; unless given smooth, or denominator_smooth if that is less
 * - denominator_smooth: [0,inf); added to the denominator; smooth unless given
 * - background: true, false; class 0 is in the mean; only of multiclass frames unless given
 * - average, macro: macro, micro; mean of the classes, or one ratio of their sums
 * - overlap, product: product, minimum; I = sum p g, or sum min(p, g) for soft labels
 * - empty, smooth: smooth, zero_if_both_empty, skip_class, mean_probability; what a class without labels gives
 */
#define sgm_loss_jaccard sgm_loss_Jaccard
SGM_MUST_USE
sgm_status sgm_loss_Jaccard(
    const struct sgm_sketch *sketch, const struct sgm_table *table, const struct sgm_parameter *parameters,
    size_t count, float *value);

/**
 * power_jaccard: 1 - (I + numerator_smooth) / (sum p^q + sum g^q - I + denominator_smooth), q the exponent
 * - exponent, 2: [1,2]; power of p and g in the denominator
 * - smooth, 1: [0,inf); added to numerator and denominator
 * - numerator_smooth: [0,denominator_smooth]; added to the numerator; unless given smooth, or denominator_smooth if that is less
 * - denominator_smooth: [0,inf); added to the denominator; smooth unless given
 * - background: true, false; class 0 is in the mean; only of multiclass frames unless given
 * - average, macro: macro, micro; mean of the classes, or one ratio of their sums
 * - empty, smooth: smooth, zero_if_both_empty, skip_class, mean_probability; what a class without labels gives
 */
#define sgm_loss_power_jaccard sgm_loss_PowerJaccard
SGM_MUST_USE
sgm_status sgm_loss_PowerJaccard(
    const struct sgm_sketch *sketch, const struct sgm_table *table, const struct sgm_parameter *parameters,
    size_t count, float *value);

/**
 * tanimoto: mean of 1 - (I + smooth) / (sum p^2 + sum g^2 - I + smooth) for the class and for its complement
 * - smooth, 0.00001: [0,inf); added to numerator and denominator
 */
#define sgm_loss_tanimoto sgm_loss_Tanimoto
SGM_MUST_USE
sgm_status sgm_loss_Tanimoto(
    const struct sgm_sketch *sketch, const struct sgm_table *table, const struct sgm_parameter *parameters,
    size_t count, float *value);

/**
 * tversky: 1 - (I + numerator_smooth) / (I + fp_weight FP + fn_weight FN + denominator_smooth); FP = sum p (1-g), FN = sum (1-p) g
 * - fp_weight, 0.3: [0,inf); weight of false positives
 * - fn_weight, 0.7: [0,inf), not both weights 0; weight of false negatives
 * - smooth, 1: [0,inf); added to numerator and denominator
 * - numerator_smooth: [0,denominator_smooth]; added to the numerator; unless given smooth, or denominator_smooth if that is less
 * - denominator_smooth: [0,inf); added to the denominator; smooth unless given
 * - background: true, false; class 0 is in the mean; only of multiclass frames unless given
 * - average, macro: macro, micro; mean of the classes, or one ratio of their sums
 * - overlap, product: product, minimum; I = sum p g, or sum min(p, g) for soft labels
 * - empty, smooth: smooth, zero_if_both_empty, skip_class, mean_probability; what a class without labels gives
 */
#define sgm_loss_tversky sgm_loss_Tversky
SGM_MUST_USE
sgm_status sgm_loss_Tversky(
    const struct sgm_sketch *sketch, const struct sgm_table *table, const struct sgm_parameter *parameters,
    size_t count, float *value);

/**
 * focal_tversky: (Tversky loss)^exponent
 * - fp_weight, 0.3: [0,inf); weight of false positives
 * - fn_weight, 0.7: [0,inf), not both weights 0; weight of false negatives
 * - smooth, 1: [0,inf); added to numerator and denominator
 * - numerator_smooth: [0,denominator_smooth]; added to the numerator; unless given smooth, or denominator_smooth if that is less
 * - denominator_smooth: [0,inf); added to the denominator; smooth unless given
 * - background: true, false; class 0 is in the mean; only of multiclass frames unless given
 * - average, macro: macro, micro; mean of the classes, or one ratio of their sums
 * - overlap, product: product, minimum; I = sum p g, or sum min(p, g) for soft labels
 * - empty, smooth: smooth, zero_if_both_empty, skip_class, mean_probability; what a class without labels gives
 * - exponent, 0.75: (0,8]; power of the Tversky loss (the paper's 1/gamma)
 */
#define sgm_loss_focal_tversky sgm_loss_FocalTversky
SGM_MUST_USE
sgm_status sgm_loss_FocalTversky(
    const struct sgm_sketch *sketch, const struct sgm_table *table, const struct sgm_parameter *parameters,
    size_t count, float *value);

/**
 * asymmetric_similarity: 1 - F_beta: Tversky with fn_weight = beta^2/(1+beta^2), fp_weight = 1/(1+beta^2)
 * - beta, 1.5: [0,1000]; above 1 recall counts more
 * - smooth, 1: [0,inf); added to numerator and denominator
 * - numerator_smooth: [0,denominator_smooth]; added to the numerator; unless given smooth, or denominator_smooth if that is less
 * - denominator_smooth: [0,inf); added to the denominator; smooth unless given
 * - background: true, false; class 0 is in the mean; only of multiclass frames unless given
 * - average, macro: macro, micro; mean of the classes, or one ratio of their sums
 * - overlap, product: product, minimum; I = sum p g, or sum min(p, g) for soft labels
 * - empty, smooth: smooth, zero_if_both_empty, skip_class, mean_probability; what a class without labels gives
 */
#define sgm_loss_asymmetric_similarity sgm_loss_AsymmetricSimilarity
SGM_MUST_USE
sgm_status sgm_loss_AsymmetricSimilarity(
    const struct sgm_sketch *sketch, const struct sgm_table *table, const struct sgm_parameter *parameters,
    size_t count, float *value);

/**
 * sensitivity_specificity: r sum g (g-p)^2 / (G + denominator_smooth) + (1-r) sum (1-g) (g-p)^2 / (N-G + denominator_smooth), r the sensitivity_weight
 * - sensitivity_weight, 0.1: [0,1]; weight of the error on the class
 * - denominator_smooth, 0.00001: [0,inf); added to the denominators
 */
#define sgm_loss_sensitivity_specificity sgm_loss_SensitivitySpecificity
SGM_MUST_USE
sgm_status sgm_loss_SensitivitySpecificity(
    const struct sgm_sketch *sketch, const struct sgm_table *table, const struct sgm_parameter *parameters,
    size_t count, float *value);

/**
 * generalised_dice: 1 - (2 sum_c v_c I_c + numerator_smooth) / (sum_c v_c (P_c + G_c) + denominator_smooth); an absent class weighs as the heaviest present
 * - weighting, square: square, simple, uniform; weight of a class: 1/G^2, 1/G, 1
 * - smooth, 0: [0,inf); added to numerator and denominator
 * - numerator_smooth: [0,denominator_smooth]; added to the numerator; unless given smooth, or denominator_smooth if that is less
 * - denominator_smooth: [0,inf); added to the denominator; smooth unless given
 */
#define sgm_loss_generalised_dice sgm_loss_GeneralisedDice
SGM_MUST_USE
sgm_status sgm_loss_GeneralisedDice(
    const struct sgm_sketch *sketch, const struct sgm_table *table, const struct sgm_parameter *parameters,
    size_t count, float *value);

/**
 * penalty_generalised_dice: l / (1 + penalty (1 - l)) of the generalised Dice loss l
 * - penalty, 2.5: [0,inf); how much false positives and negatives cost
 * - weighting, square: square, simple, uniform; weight of a class: 1/G^2, 1/G, 1
 * - smooth, 0: [0,inf); added to numerator and denominator
 * - numerator_smooth: [0,denominator_smooth]; added to the numerator; unless given smooth, or denominator_smooth if that is less
 * - denominator_smooth: [0,inf); added to the denominator; smooth unless given
 */
#define sgm_loss_penalty_generalised_dice sgm_loss_PenaltyGeneralisedDice
SGM_MUST_USE
sgm_status sgm_loss_PenaltyGeneralisedDice(
    const struct sgm_sketch *sketch, const struct sgm_table *table, const struct sgm_parameter *parameters,
    size_t count, float *value);

/**
 * wasserstein_dice: 1 - (2 A + smooth) / (2 A + sum d + smooth); d = sum_k distance[y][k] p_k, A = sum(1 - d) off the background
 * - distances: classes^2 numbers in [0,1], symmetric, 0 on the diagonal; cost of taking a class for another; 1 unless given
 * - background_class, 0: [0,255]; the class that is no agreement
 * - mode, default: default, gdl; weights of classes
 * - smooth, 0.00001: [0,inf); added to numerator and denominator
 */
#define sgm_loss_wasserstein_dice sgm_loss_WassersteinDice
SGM_MUST_USE
sgm_status sgm_loss_WassersteinDice(
    const struct sgm_sketch *sketch, const struct sgm_table *table, const struct sgm_parameter *parameters,
    size_t count, float *value);

/**
 * noise_robust_dice: sum |p - g|^exponent / (sum p^2 + sum g^2 + denominator_smooth)
 * - exponent, 1.5: [1,2]; power of the error: of 2 it is squared_dice
 * - denominator_smooth, 0.00001: [0,inf); added to the denominator
 * - background: true, false; class 0 is in the mean; only of multiclass frames unless given
 * - average, macro: macro, micro; mean of the classes, or one ratio of their sums
 * - empty, smooth: smooth, zero_if_both_empty, skip_class, mean_probability; what a class without labels gives
 */
#define sgm_loss_noise_robust_dice sgm_loss_NoiseRobustDice
SGM_MUST_USE
sgm_status sgm_loss_NoiseRobustDice(
    const struct sgm_sketch *sketch, const struct sgm_table *table, const struct sgm_parameter *parameters,
    size_t count, float *value);

/**
 * mcc: 1 - (TP TN - FP FN) / sqrt(P G (N-P) (N-G)); 1 where a factor is 0
 */
#define sgm_loss_mcc sgm_loss_Mcc
SGM_MUST_USE
sgm_status sgm_loss_Mcc(
    const struct sgm_sketch *sketch, const struct sgm_table *table, const struct sgm_parameter *parameters,
    size_t count, float *value);

/**
 * recall: 1 - (I + numerator_smooth) / (G + denominator_smooth)
 * - smooth, 1: [0,inf); added to numerator and denominator
 * - numerator_smooth: [0,denominator_smooth]; added to the numerator; unless given smooth, or denominator_smooth if that is less
 * - denominator_smooth: [0,inf); added to the denominator; smooth unless given
 * - background: true, false; class 0 is in the mean; only of multiclass frames unless given
 * - average, macro: macro, micro; mean of the classes, or one ratio of their sums
 * - overlap, product: product, minimum; I = sum p g, or sum min(p, g) for soft labels
 * - empty, smooth: smooth, zero_if_both_empty, skip_class, mean_probability; what a class without labels gives
 */
#define sgm_loss_recall sgm_loss_Recall
SGM_MUST_USE
sgm_status sgm_loss_Recall(
    const struct sgm_sketch *sketch, const struct sgm_table *table, const struct sgm_parameter *parameters,
    size_t count, float *value);

/**
 * lovasz_hinge: Lovasz extension of the Jaccard loss of the errors max(0, 1-(2g-1)z), exact; of equal errors the gradient takes the first pixel first, of 8 bits the foreground
 */
#define sgm_loss_lovasz_hinge sgm_loss_LovaszHinge
SGM_MUST_USE
sgm_status sgm_loss_LovaszHinge(
    const struct sgm_sketch *sketch, const struct sgm_table *table, const struct sgm_parameter *parameters,
    size_t count, float *value);

/**
 * lovasz_sigmoid: Lovasz extension of the Jaccard loss of the errors |g - p|, exact; of equal errors the gradient takes the first pixel first, of 8 bits the foreground
 * - classes, all: present, all; all: also without foreground
 */
#define sgm_loss_lovasz_sigmoid sgm_loss_LovaszSigmoid
SGM_MUST_USE
sgm_status sgm_loss_LovaszSigmoid(
    const struct sgm_sketch *sketch, const struct sgm_table *table, const struct sgm_parameter *parameters,
    size_t count, float *value);

/**
 * lovasz_softmax: mean over classes of the Lovasz extension of the Jaccard loss of the errors |g - p|, exact
 * - classes, present: present, all; classes in the mean
 */
#define sgm_loss_lovasz_softmax sgm_loss_LovaszSoftmax
SGM_MUST_USE
sgm_status sgm_loss_LovaszSoftmax(
    const struct sgm_sketch *sketch, const struct sgm_table *table, const struct sgm_parameter *parameters,
    size_t count, float *value);

/**
 * combo: a mean(-(b g ln p + (1-b)(1-g) ln(1-p))) - (1-a) D, of several classes a mean(-w ln p of the label) - (1-a) D, w = 1-b for class 0, else b; a the ce_share, b the foreground_share, D the Dice score
 * - ce_share, 0.5: [0,1]; share of cross-entropy
 * - foreground_share, 0.5: [0,1]; share of foreground in cross-entropy
 * - smooth, 1: [0,inf); added to numerator and denominator
 * - numerator_smooth: [0,denominator_smooth]; added to the numerator; unless given smooth, or denominator_smooth if that is less
 * - denominator_smooth: [0,inf); added to the denominator; smooth unless given
 */
#define sgm_loss_combo sgm_loss_Combo
SGM_MUST_USE
sgm_status sgm_loss_Combo(
    const struct sgm_sketch *sketch, const struct sgm_table *table, const struct sgm_parameter *parameters,
    size_t count, float *value);

/**
 * exponential_logarithmic: dice_weight mean_c (-ln D_c)^dice_exponent + cross_entropy_weight mean(v (-ln p)^cross_entropy_exponent), v = sqrt(sum f / f_c)
 * - dice_weight, 0.8: (-inf,inf); weight of the Dice part
 * - cross_entropy_weight, 0.2: (-inf,inf); weight of the cross-entropy part
 * - dice_exponent, 0.3: (0,8]; power of -ln D
 * - cross_entropy_exponent, 0.3: (0,4]; power of -ln p
 * - smooth, 1: [0,inf); added to numerator and denominator of D
 * - background, true: true, false; background is a class of the Dice part
 */
#define sgm_loss_exponential_logarithmic sgm_loss_ExponentialLogarithmic
SGM_MUST_USE
sgm_status sgm_loss_ExponentialLogarithmic(
    const struct sgm_sketch *sketch, const struct sgm_table *table, const struct sgm_parameter *parameters,
    size_t count, float *value);

/**
 * unified_focal: s mean_c (1-T_c)^(1-focusing) + (1-s) mean d (1-p)^focusing (-ln p), s the tversky_share
 * - asymmetric, true: true, false; no modulator on foreground, no exponent on background
 * - tversky_share, 0.5: [0,1]; share of the Tversky part
 * - fn_weight, 0.6: [0,1]; weight of false negatives and of foreground
 * - focusing, 0.5: [0,1); modulator
 */
#define sgm_loss_unified_focal sgm_loss_UnifiedFocal
SGM_MUST_USE
sgm_status sgm_loss_UnifiedFocal(
    const struct sgm_sketch *sketch, const struct sgm_table *table, const struct sgm_parameter *parameters,
    size_t count, float *value);

/**
 * dice_cross_entropy: dice_weight dice + other_weight cross_entropy
 * - dice_weight, 1: (-inf,inf); weight of the Dice part
 * - other_weight, 1: (-inf,inf); weight of the other part
 * - smooth, 1: [0,inf); added to numerator and denominator
 * - numerator_smooth: [0,denominator_smooth]; added to the numerator; unless given smooth, or denominator_smooth if that is less
 * - denominator_smooth: [0,inf); added to the denominator; smooth unless given
 * - background: true, false; class 0 is in the mean; only of multiclass frames unless given
 * - average, macro: macro, micro; mean of the classes, or one ratio of their sums
 * - overlap, product: product, minimum; I = sum p g, or sum min(p, g) for soft labels
 * - empty, smooth: smooth, zero_if_both_empty, skip_class, mean_probability; what a class without labels gives
 * - normalise, weights: weights, count; class weights are in the divisor, or not
 */
#define sgm_loss_dice_cross_entropy sgm_loss_DiceCrossEntropy
SGM_MUST_USE
sgm_status sgm_loss_DiceCrossEntropy(
    const struct sgm_sketch *sketch, const struct sgm_table *table, const struct sgm_parameter *parameters,
    size_t count, float *value);

/**
 * dice_focal: dice_weight dice + other_weight focal
 * - dice_weight, 1: (-inf,inf); weight of the Dice part
 * - other_weight, 1: (-inf,inf); weight of the other part
 * - smooth, 1: [0,inf); added to numerator and denominator
 * - numerator_smooth: [0,denominator_smooth]; added to the numerator; unless given smooth, or denominator_smooth if that is less
 * - denominator_smooth: [0,inf); added to the denominator; smooth unless given
 * - background: true, false; class 0 is in the mean; only of multiclass frames unless given
 * - average, macro: macro, micro; mean of the classes, or one ratio of their sums
 * - overlap, product: product, minimum; I = sum p g, or sum min(p, g) for soft labels
 * - empty, smooth: smooth, zero_if_both_empty, skip_class, mean_probability; what a class without labels gives
 * - focusing, 2: [0,8]; power of 1-p: how little easy pixels count
 * - foreground_weight, 0.25: [0,inf); weight of foreground, or of all classes but 0
 * - background_weight, 0.75: [0,inf); weight of background, or of class 0
 */
#define sgm_loss_dice_focal sgm_loss_DiceFocal
SGM_MUST_USE
sgm_status sgm_loss_DiceFocal(
    const struct sgm_sketch *sketch, const struct sgm_table *table, const struct sgm_parameter *parameters,
    size_t count, float *value);

/**
 * dice_top_k: dice_weight dice + other_weight top_k
 * - dice_weight, 1: (-inf,inf); weight of the Dice part
 * - other_weight, 1: (-inf,inf); weight of the other part
 * - smooth, 1: [0,inf); added to numerator and denominator
 * - numerator_smooth: [0,denominator_smooth]; added to the numerator; unless given smooth, or denominator_smooth if that is less
 * - denominator_smooth: [0,inf); added to the denominator; smooth unless given
 * - background: true, false; class 0 is in the mean; only of multiclass frames unless given
 * - average, macro: macro, micro; mean of the classes, or one ratio of their sums
 * - overlap, product: product, minimum; I = sum p g, or sum min(p, g) for soft labels
 * - empty, smooth: smooth, zero_if_both_empty, skip_class, mean_probability; what a class without labels gives
 * - fraction, 0.1: (0,1]; share of the pixels that counts
 */
#define sgm_loss_dice_top_k sgm_loss_DiceTopK
SGM_MUST_USE
sgm_status sgm_loss_DiceTopK(
    const struct sgm_sketch *sketch, const struct sgm_table *table, const struct sgm_parameter *parameters,
    size_t count, float *value);

/**
 * hybrid_focal: s focal_tversky + (1-s) focal, s the tversky_share
 * - tversky_share, 0.5: (-inf,inf); share of the focal Tversky part
 * - fp_weight, 0.3: [0,inf); weight of false positives
 * - fn_weight, 0.7: [0,inf), not both weights 0; weight of false negatives
 * - smooth, 1: [0,inf); added to numerator and denominator
 * - numerator_smooth: [0,denominator_smooth]; added to the numerator; unless given smooth, or denominator_smooth if that is less
 * - denominator_smooth: [0,inf); added to the denominator; smooth unless given
 * - background: true, false; class 0 is in the mean; only of multiclass frames unless given
 * - average, macro: macro, micro; mean of the classes, or one ratio of their sums
 * - overlap, product: product, minimum; I = sum p g, or sum min(p, g) for soft labels
 * - empty, smooth: smooth, zero_if_both_empty, skip_class, mean_probability; what a class without labels gives
 * - exponent, 0.75: (0,8]; power of the Tversky loss (the paper's 1/gamma)
 * - focusing, 2: [0,8]; power of 1-p: how little easy pixels count
 * - foreground_weight, 0.25: [0,inf); weight of foreground, or of all classes but 0
 * - background_weight, 0.75: [0,inf); weight of background, or of class 0
 */
#define sgm_loss_hybrid_focal sgm_loss_HybridFocal
SGM_MUST_USE
sgm_status sgm_loss_HybridFocal(
    const struct sgm_sketch *sketch, const struct sgm_table *table, const struct sgm_parameter *parameters,
    size_t count, float *value);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* SEGMETER_H */
