/* Segmeter: segmentation losses, metrics and drift detection, the same bits on a microcontroller and on a server.
 *
 * What holds of every function:
 * - Memory is the caller's: sgm_table, sgm_sketch and sgm_monitor are storage whose content is private. They may be static,
 *   on a stack or on a heap, must not be copied while they are in use, and need no end. Nothing else is kept between two
 *   calls: no pointer, no global. Two objects may be used at once by two threads, one by one thread at a time.
 * - It returns an sgm_status: SGM_OK, SGM_UNDEFINED (there is no such number) or an error below zero, whose text
 *   sgm_status_text has. What a function writes, it writes with SGM_OK alone, unless it says otherwise.
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
     * Height or width is 0, the width above SGM_MAX_WIDTH, or the profile is for frames of another size.
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
     * The loss depends on where pixels are, which a sketch does not know, or is not for binary frames.
     */
    SGM_ERROR_UNSUPPORTED = -12,
    /**
     * A label (or a prediction) is neither 0 nor 1 nor the id of ignored pixels.
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
 * The text of a status in English, one line without a full stop; of a number that is none, that it is unknown. Never null, never
 * to be freed.
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
 * defaults; null and 0 for all defaults. A frame of any size costs the same: 15000 to 120000 instructions on a Cortex-M4F, 31000
 * to 2 million on a Cortex-M0; up to 4.6 KiB of stack.
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
 * Takes the next row of the frame: `width` codes of the profile's quantiser. 7 instructions a pixel on a Cortex-M4, 13 on a Cortex-M0.
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
 * A whole frame at once: `height` times `width` codes, row by row, without labels. `sketch` is reset and then holds the frame,
 * so that statistics of it can be asked for.
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

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* SEGMETER_H */
