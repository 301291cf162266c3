/* Bits of numbers on a console: the same text on every machine whose numbers are the same. */
#ifndef PRINT_H
#define PRINT_H

#include <segmeter.h>

#include "platform.h"

/** Ends the program if a call was refused. */
static inline void check(sgm_status status) {
    if (status != SGM_OK) {
        platform_print("error: ");
        platform_print(sgm_status_text(status));
        platform_print("\n");
        platform_exit(1);
    }
}

static inline void hex(uint64_t number, int digits) {
    char text[18] = " ";
    for (int place = digits; place > 0; place--, number >>= 4) {
        text[place] = "0123456789abcdef"[number & 15];
    }
    text[digits + 1] = 0;
    platform_print(text);
}

static inline void print_float(sgm_status status, float value) {
    union { float number; uint32_t bits; } cast;
    cast.number = value;
    if (status == SGM_UNDEFINED) {
        platform_print(" -");
    } else {
        check(status);
        hex(cast.bits, 8);
    }
}

static inline void print_double(sgm_status status, double value) {
    union { double number; uint64_t bits; } cast;
    cast.number = value;
    if (status == SGM_UNDEFINED) {
        platform_print(" -");
    } else {
        check(status);
        hex(cast.bits, 16);
    }
}

#endif
