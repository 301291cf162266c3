/* What the tests of hostile arguments share. */
#ifndef HOSTILE_H
#define HOSTILE_H

#include <segmeter.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern int failures;

/* Holds a status against the one that is expected. */
#define EXPECT(expected, call)                                                                               \
    do {                                                                                                     \
        const sgm_status said = (call);                                                                      \
        if (said != (expected)) {                                                                            \
            failures++;                                                                                      \
            fprintf(stderr, "%s:%d: %s: %d (%s), expected %d\n", __FILE__, __LINE__, #call, (int)said,       \
                    sgm_status_text(said), (int)(expected));                                                 \
        }                                                                                                    \
    } while (0)
#define TRUE(condition)                                                                                      \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            failures++;                                                                                      \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                          \
        }                                                                                                    \
    } while (0)

enum { HEIGHT = 120, WIDTH = 160, PIXELS = HEIGHT * WIDTH };

extern uint8_t profile[SGM_PROFILE_SIZE];
extern int8_t codes[PIXELS];

/** Memory of exactly this size at an aligned place, full of `fill`. */
void *memory(size_t size, int fill);

/** One of each, on the heap. */
typedef struct {
    sgm_table *table;
    sgm_sketch *sketch;
    sgm_monitor *monitor;
} objects;
objects make(void);
void drop(objects made);

/** Profiles and snapshots that lie; frames in any order. */
void records(void);
void frames(void);
/** Networks of several classes. */
void classes(void);

#endif
