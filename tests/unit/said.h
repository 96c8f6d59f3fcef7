/* SPDX-License-Identifier: GPL-2.0-only */
/* What the code under test tells the user: a refusal counts for its own reason only. */
#ifndef TESTS_SAID_H
#define TESTS_SAID_H

/* From here on standard error is kept. */
void said_begin(void);
/* Until here. The text is valid until the next said_begin(). */
const char *said_end(void);

/* TEXT has PHRASE in it, or with PHRASE NULL nothing at all. */
void assert_said(const char *text, const char *phrase);

/* CALL returns CODE and says PHRASE; NULL: says nothing. */
#define assert_says(code, phrase, call) do {		\
	int code_;					\
							\
	said_begin();					\
	code_ = (call);					\
	assert_said(said_end(), (phrase));		\
	assert_int_equal(code_, (code));		\
} while (0)

#define assert_refused(phrase, call)	assert_says(-1, phrase, call)

#endif
