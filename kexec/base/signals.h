/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Signals wait while the network interfaces are down: a program that dies then leaves a
 * machine that nobody can reach. SIGKILL and SIGSTOP cannot be held back.
 */
#ifndef KEXEC_SIGNALS_H
#define KEXEC_SIGNALS_H

/* From here on signals wait, except for those of faults in this program. */
void signals_hold(void);

/*
 * The waiting signal that would end this program; 0 if there is none, or if signals are not
 * held. Call this between steps that take long.
 */
int signals_pending(void);

/* The same: 0, or -1 after a message that names the signal. */
int signals_check(void);

/* Signals take effect again. If one that ends the program has waited, this does not return. */
void signals_release(void);

#endif
