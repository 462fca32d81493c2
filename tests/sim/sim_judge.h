/* SPDX-License-Identifier: Apache-2.0 */
/* sim_judge.h - what becomes of a submit, by rule and by chance. */
#ifndef SIM_JUDGE_H
#define SIM_JUDGE_H

#include <stdbool.h>
#include <stdint.h>

struct center;
struct segment;
struct session;
struct sim_span;
struct smpp_pdu;

/* What chance is asked about each submit. */
enum question { ASK_ERROR, ASK_STATE, ASK_EARLY, ASK_DROP, ASK_RESPONSE_MS, ASK_RECEIPT_MS,
	ASK_LATE, QUESTIONS };

/* 0 <= chance < 1, always the same for the same submit and question. */
double judge_chance(const struct center *, enum question);
unsigned judge_span_ms(const struct center *, const struct sim_span *, enum question);

/* The status to answer a submit with, and what it carries when that is ROK. */
uint32_t judge_submit(struct session *, const struct smpp_pdu *, struct segment *);

/* The same in its parts, for what has several destinations: the bind's limits; --error; the form
 * of the message for one destination, and whether that is to be refused. */
uint32_t judge_session(struct session *);
uint32_t judge_chance_error(const struct center *);
uint32_t judge_destination(const struct center *, const struct smpp_pdu *, struct segment *);
/* Whether a list of a flag names it. */
struct sim_list;
bool judge_listed(const struct sim_list *, const char *word);

/* The final state that its receipt is to tell. */
uint8_t judge_state(const struct center *, const char *recipient);

/* Whether registered_delivery asks to be told of this final state. */
bool judge_wants(const struct center *, const struct smpp_pdu *, uint8_t state);

#endif
