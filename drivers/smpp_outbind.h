/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smpp_outbind.h - message centres that connect to us (outbind, SMPP 3.4, 2.2.1): how they say
 * who they are.
 */
#ifndef SMPP_OUTBIND_H
#define SMPP_OUTBIND_H

#include "door.h"
#include "smpp.h"

/* The door of a link with these options, which are borrowed: who has said an outbind with the right
 * credentials is let in. There may be no `listen`: door_wanted(). */
struct door_settings outbind_door(const struct smpp_options *);
/* Do the keys of an outbind go together? True as well when there is no `listen`. */
bool outbind_check(const struct smpp_options *, struct conf_error *err);

#endif
