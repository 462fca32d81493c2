/* SPDX-License-Identifier: Apache-2.0 */
/* sim_ussd.h - handsets that dial a service over USSD, and answer what it asks. */
#ifndef SIM_USSD_H
#define SIM_USSD_H

struct account;
struct center;
struct smpp_pdu;

struct ussd;

struct ussd *ussd_new(void);
void ussd_free(struct ussd *);

/* Lets the handsets of --ussd dial, once, towards an account that can receive. */
void ussd_dial(struct center *, struct account *);

/* An accepted submit; nothing happens unless it is one of USSD. */
void ussd_submitted(struct center *, struct account *, const struct smpp_pdu *);

#endif
