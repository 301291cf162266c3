/* The profile of the demo in flash. */
    .section .rodata.profile, "a"
    .global demo_profile
    .balign 4
demo_profile:
    .incbin "demo.profile"
    .section .note.GNU-stack, "", %progbits
