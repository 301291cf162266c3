/* What happens before main on a Cortex-M: vectors, statics, a painted stack. Laid out by link.ld. */
#include <stdint.h>

#include "platform.h"

extern uint32_t stack_bottom[], stack_top[], data_source[], data_start[], data_end[], bss_start[], bss_end[];
int main(void);

/* What the stack is painted with. */
#define PAINT 0x5eedc0deu

/** Bytes of stack that were in use at most. */
uint32_t stack_used(void) {
    const uint32_t *word = stack_bottom;
    while (word < stack_top && *word == PAINT) {
        word++;
    }
    return (uint32_t)((uintptr_t)stack_top - (uintptr_t)word);
}

static void fault(void) {
    platform_print("fault\n");
    platform_exit(70);
}

void reset(void) {
    uint32_t *used;
    /* What this function itself has on the stack lies above. */
    __asm__ volatile("mov %0, sp" : "=r"(used));
    for (uint32_t *word = stack_bottom; word < used; word++) {
        *word = PAINT;
    }
    for (uint32_t *from = data_source, *to = data_start; to < data_end;) {
        *to++ = *from++;
    }
    for (uint32_t *word = bss_start; word < bss_end;) {
        *word++ = 0;
    }
#if defined(__ARM_FP)
    /* The floating point unit, of both privileges. */
    *(volatile uint32_t *)0xe000ed88u |= 0xfu << 20;
    __asm__ volatile("dsb\n isb");
#endif
    platform_exit(main());
}

__attribute__((section(".vectors"), used)) static const uintptr_t vectors[16] = {
    (uintptr_t)stack_top, (uintptr_t)reset, (uintptr_t)fault, (uintptr_t)fault,
    (uintptr_t)fault,     (uintptr_t)fault, (uintptr_t)fault,
};
