/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * First byte of the flat image. Entered by kexec_load in 64-bit mode with
 * interrupts off and memory identity-mapped; there is no stack, GDT or IDT.
 */
#include "entry-offsets.h"

#define BOOT_CS	0x10		/* selectors the x86 boot protocol asks for */
#define BOOT_DS	0x18

	.section .text.entry, "ax", @progbits
	.code64
	.globl	purgatory_entry
	.hidden	purgatory_entry
	.type	purgatory_entry, @function
purgatory_entry:
	cli
	cld
	leaq	purgatory_stack_top(%rip), %rsp

	/* The load address is known only now: both descriptors go to the stack. */
	subq	$16, %rsp
	leaq	gdt(%rip), %rax
	movq	%rax, 8(%rsp)
	movw	$(gdt_end - gdt - 1), 6(%rsp)
	lgdt	6(%rsp)
	/* An IDT of limit 0: any exception resets the machine (triple fault). */
	movq	$0, 8(%rsp)
	movw	$0, 6(%rsp)
	lidt	6(%rsp)
	addq	$16, %rsp

	pushq	$BOOT_CS
	leaq	1f(%rip), %rax
	pushq	%rax
	lretq
1:	movl	$BOOT_DS, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss

	xorl	%ebp, %ebp
	call	purgatory_main

	/* It returns only when the kernel is to be started. */
	cli
	cld
	movq	purgatory_params + PARAMS_BOOT_PARAMS(%rip), %rsi
	xorl	%eax, %eax
	xorl	%ebx, %ebx
	xorl	%ecx, %ecx
	xorl	%edx, %edx
	xorl	%edi, %edi
	xorl	%ebp, %ebp
	xorl	%r8d, %r8d
	xorl	%r9d, %r9d
	xorl	%r10d, %r10d
	xorl	%r11d, %r11d
	xorl	%r12d, %r12d
	xorl	%r13d, %r13d
	xorl	%r14d, %r14d
	xorl	%r15d, %r15d
	jmpq	*purgatory_params + PARAMS_KERNEL_ENTRY(%rip)
	.size	purgatory_entry, . - purgatory_entry

	/*
	 * Flat segments. The accessed bits are set beforehand: the CPU would set
	 * them on the first load, and so change an image that has a CRC.
	 */
	.section .rodata.gdt, "a", @progbits
	.balign	16
gdt:
	.quad	0
	.quad	0
	.quad	0x00af9b000000ffff	/* BOOT_CS: 64-bit code, readable */
	.quad	0x00cf93000000ffff	/* BOOT_DS: data, writable */
gdt_end:

	/* struct kho_purgatory_params, which kexec fills in. */
	.section .params, "a", @progbits
	.balign	8
	.globl	purgatory_params
	.hidden	purgatory_params
	.type	purgatory_params, @object
purgatory_params:
	.zero	PARAMS_SIZE
	.size	purgatory_params, PARAMS_SIZE

	.section .note.GNU-stack, "", @progbits
