/* SPDX-License-Identifier: Apache-2.0 */
/*
 * action.h - what is done about a part that the network refused: for every protocol the same
 * few actions, and a key `status` by which a link says which status is which.
 */
#ifndef ACTION_H
#define ACTION_H

#include "../conf/conf.h"
#include "../gateway/message.h"

enum action {
	ACTION_RETRY,                   /* later, often */
	ACTION_FEW,                     /* later, a few times */
	ACTION_FAIL,
	ACTION_THROTTLE,                /* the link rests a second, and no attempt is burnt; but for a message that is the
	                                 * cause again and again (message->throttled) it does not, and that one waits */
	ACTION_REBIND,                  /* nor is one; the session is opened anew, by who reads this */
	ACTION_HOLD,                    /* as THROTTLE, for a minute */
};

/* Is every entry of key `status` a status, above 0, and an action? `example`: "0x45 = fail". */
bool action_check(const struct conf_list *status, const char *example, struct conf_error *);
/* Do they say anything of that status? Then what. */
bool action_said(const struct conf_list *status, uint32_t code, enum action *);
/* What they say of it, else `usual`. */
enum action action_for(const struct conf_list *status, uint32_t code, enum action usual);
/* Sets what becomes of the message; outcome->text, with the reason, may get words in front. */
void action_apply(enum action, const struct message *, struct outcome *);

#endif
