/* A made frame of several classes: a blob of scores for each, with noise, and the labels of the image that it would be of. */
#ifndef MADE_H
#define MADE_H

#include <stdint.h>

/** Height and width of the scores, how many classes they have, and how often the image is as high and as wide. */
typedef struct {
    uint32_t height, width, classes, factor;
} made_frame;

static inline uint32_t made_apart(uint32_t a, uint32_t b) {
    return a > b ? a - b : b - a;
}

/** Where the blob of a class lies. */
static inline uint32_t made_y(const made_frame *frame, uint32_t class_id) {
    return (class_id * 7 + 3) % frame->height;
}
static inline uint32_t made_x(const made_frame *frame, uint32_t class_id) {
    return (class_id * 11 + 5) % frame->width;
}

/** A score, as signed 8 bits. */
static inline int8_t made_score(const made_frame *frame, uint32_t y, uint32_t x, uint32_t class_id) {
    uint32_t noise = (y << 16) + (x << 6) + class_id;
    noise = (noise ^ noise >> 16) * 0x7feb352du;
    noise = (noise ^ noise >> 15) * 0x846ca68bu;
    const uint32_t away = made_apart(y, made_y(frame, class_id)) + made_apart(x, made_x(frame, class_id));
    const int32_t score = 100 - 5 * (int32_t)away + (int32_t)(noise >> 27);
    return (int8_t)(score < -128 ? -128 : score > 127 ? 127 : score);
}

/** The label of a pixel of the image: the class whose blob is nearest, or 255, which is not scored. */
static inline uint8_t made_label(const made_frame *frame, uint32_t y, uint32_t x) {
    uint32_t nearest = UINT32_MAX, label = 0;
    if ((y * 13 + x * 7) % 97 == 0) {
        return 255;
    }
    for (uint32_t id = 0; id < frame->classes; id++) {
        const uint32_t away = made_apart(2 * y + 1, frame->factor * (2 * made_y(frame, id) + 1)) +
                              made_apart(2 * x + 1, frame->factor * (2 * made_x(frame, id) + 1));
        if (away < nearest) {
            nearest = away;
            label = id;
        }
    }
    return (uint8_t)label;
}

/** Adds a byte to a number that stands for all of them (FNV-1a). */
static inline uint32_t made_sum(uint32_t sum, uint8_t byte) {
    return (sum ^ byte) * 0x01000193u;
}

#endif
