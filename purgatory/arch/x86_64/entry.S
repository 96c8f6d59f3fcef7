/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * First byte of the flat image. Entered by kexec_load in 64-bit mode with
 * interrupts off and memory identity-mapped; there is no stack, GDT or IDT.
 */
#include "entry-offsets.h"

#define BOOT_CS	0x10		/* selectors the x86 boot protocol asks for */
#define BOOT_DS	0x18
#define GDT_SIZE	32

#define CR0_PG		(1 << 31)
#define CR4_PAE		(1 << 5)
#define CR4_LA57	(1 << 12)
#define MSR_EFER	0xc0000080

	.section .text.entry, "ax", @progbits
	.code64
	.globl	purgatory_entry
	.hidden	purgatory_entry
	.type	purgatory_entry, @function
purgatory_entry:
	cli
	cld
	leaq	purgatory_stack_top(%rip), %rsp

	/* The load address is known only now: descriptors go to the stack. */
	leaq	gdt(%rip), %rax
	call	load_gdt
	/* An IDT of limit 0: any exception resets the machine (triple fault). */
	subq	$16, %rsp
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
	cmpl	$0, purgatory_params + PARAMS_ENTRY_32(%rip)
	jne	enter_32
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
	 * Enter the kernel in 32-bit mode with paging off, as Linux' 32-bit boot protocol
	 * (boot.rst) and multiboot2 (section 3.3) want it. kexec has placed this code, its
	 * stack and all that the kernel is given below 4 GiB, where addresses stay what they
	 * are without paging.
	 */
	.type	enter_32, @function
enter_32:
	/* Registers are all taken at the end, so that the last jump is a return. */
	movl	purgatory_params + PARAMS_KERNEL_ENTRY(%rip), %eax
	pushq	%rax
	movl	purgatory_params + PARAMS_ESI(%rip), %esi
	movl	purgatory_params + PARAMS_EBX(%rip), %ebx
	movl	purgatory_params + PARAMS_EAX(%rip), %edi

	leaq	gdt_32(%rip), %rax
	call	load_gdt
	/* A 32-bit code segment, in long mode still ("compatibility mode"). */
	pushq	$BOOT_CS
	leaq	1f(%rip), %rax
	pushq	%rax
	lretq

	.code32
1:	movl	$BOOT_DS, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %fs
	movl	%eax, %gs
	movl	%eax, %ss

	/* Without paging this is no longer long mode; the two CR4 bits cannot change before. */
	movl	%cr0, %eax
	andl	$~CR0_PG, %eax
	movl	%eax, %cr0
	movl	%cr4, %eax
	andl	$~(CR4_PAE | CR4_LA57), %eax
	movl	%eax, %cr4
	/* As after a reset. With LME set, the kernel's own paging would bring long mode back. */
	movl	$MSR_EFER, %ecx
	xorl	%eax, %eax
	xorl	%edx, %edx
	wrmsr

	movl	%edi, %eax
	xorl	%ecx, %ecx
	xorl	%edi, %edi
	xorl	%ebp, %ebp
	ret
	.code64
	.size	enter_32, . - enter_32

	/* Load the GDT at RAX, which has GDT_SIZE bytes. */
	.type	load_gdt, @function
load_gdt:
	subq	$16, %rsp
	movq	%rax, 8(%rsp)
	movw	$(GDT_SIZE - 1), 6(%rsp)
	lgdt	6(%rsp)
	addq	$16, %rsp
	ret
	.size	load_gdt, . - load_gdt

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
gdt_32:
	.quad	0
	.quad	0
	.quad	0x00cf9b000000ffff	/* BOOT_CS: 32-bit code, readable */
	.quad	0x00cf93000000ffff	/* BOOT_DS: data, writable */
	.if	gdt_32 - gdt != GDT_SIZE || . - gdt_32 != GDT_SIZE
	.error	"a GDT does not have GDT_SIZE bytes"
	.endif

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
