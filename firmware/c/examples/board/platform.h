/* What a program of these examples needs of the machine that it runs on: semihosting.c has it for QEMU and debuggers,
 * host.c for this machine. */
#ifndef PLATFORM_H
#define PLATFORM_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Opens a file of the host to read it; below 0 if there is none. */
int platform_open(const char *name);
/** Reads `size` bytes; whether they were all there. */
int platform_read(int file, void *to, size_t size);
/** Writes text to the host's console. */
void platform_print(const char *text);
/** Ends the program. */
void platform_exit(int code);

#ifdef __cplusplus
}
#endif
#endif
