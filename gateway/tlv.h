/* SPDX-License-Identifier: Apache-2.0 */
/* tlv.h - optional parameters by name (SMPP 3.4, 5.3.2; 5.0, 4.8.4). */
#ifndef TLV_H
#define TLV_H

#include <stdbool.h>
#include <stdint.h>

struct tlv_name {
	const char *name;
	uint16_t tag;
	uint8_t width;                  /* of an integer: 1, 2, 4; 0: octets */
	bool ours;                      /* the gateway writes it itself, from what the row asks for */
};

/* NULL: no parameter of an outgoing message is called, or numbered, so. */
const struct tlv_name *tlv_named(const char *name);
const struct tlv_name *tlv_tagged(uint16_t tag);

#endif
