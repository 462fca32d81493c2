/* SPDX-License-Identifier: Apache-2.0 */
/* sim_alert.h - alert_notification: a handset can be reached again. */
#ifndef SIM_ALERT_H
#define SIM_ALERT_H

struct account;
struct center;
struct item;
struct session;

/* Makes the alert that follows a receipt, or that of the nth handset out of the blue; in no
 * list yet. */
struct item *alert_after(struct center *, const struct item *receipt);
/* Posts those of --alerts, once, to an account that has a receiver. */
void alerts_post(struct center *, struct account *);
/* Sends one, and frees it: it has no response. */
void alert_send(struct center *, struct session *, struct item *);

#endif
