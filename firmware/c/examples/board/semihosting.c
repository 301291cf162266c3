/* The host's files and console through a debugger or QEMU (Arm IHI 0058, semihosting). */
#include "platform.h"

enum { SYS_OPEN = 0x01, SYS_WRITE0 = 0x04, SYS_READ = 0x06, SYS_EXIT = 0x18, SYS_EXIT_EXTENDED = 0x20 };

static int call(int operation, const void *block) {
    register int r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = block;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

int platform_open(const char *name) {
    size_t length = 0;
    while (name[length] != 0) {
        length++;
    }
    const uintptr_t block[3] = {(uintptr_t)name, 1 /* rb */, length};
    return call(SYS_OPEN, block);
}

int platform_read(int file, void *to, size_t size) {
    const uintptr_t block[3] = {(uintptr_t)file, (uintptr_t)to, size};
    /* What it returns is the number of bytes that are missing. */
    return call(SYS_READ, block) == 0;
}

void platform_print(const char *text) {
    (void)call(SYS_WRITE0, text);
}

void platform_exit(int code) {
    const uintptr_t block[2] = {0x20026 /* the application ends */, (uintptr_t)code};
    (void)call(SYS_EXIT_EXTENDED, block);
    for (;;) {
    }
}
