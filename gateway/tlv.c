/* SPDX-License-Identifier: Apache-2.0 */
/* tlv.c - those that a message in either direction may carry. */
#include "tlv.h"

#include <stddef.h>
#include <string.h>

static const struct tlv_name names[] = {
	{ "dest_addr_subunit", 0x0005, 1, false },
	{ "dest_network_type", 0x0006, 1, false },
	{ "dest_bearer_type", 0x0007, 1, false },
	{ "dest_telematics_id", 0x0008, 2, false },
	{ "source_addr_subunit", 0x000D, 1, false },
	{ "source_network_type", 0x000E, 1, false },
	{ "source_bearer_type", 0x000F, 1, false },
	{ "source_telematics_id", 0x0010, 1, false },
	{ "qos_time_to_live", 0x0017, 4, false },
	{ "payload_type", 0x0019, 1, false },
	{ "ms_msg_wait_facilities", 0x0030, 1, false },
	{ "privacy_indicator", 0x0201, 1, false },
	{ "source_subaddress", 0x0202, 0, false },
	{ "dest_subaddress", 0x0203, 0, false },
	{ "user_message_reference", 0x0204, 2, false },
	{ "user_response_code", 0x0205, 1, false },
	{ "source_port", 0x020A, 2, false },
	{ "destination_port", 0x020B, 2, false },
	{ "sar_msg_ref_num", 0x020C, 2, true },
	{ "language_indicator", 0x020D, 1, false },
	{ "sar_total_segments", 0x020E, 1, true },
	{ "sar_segment_seqnum", 0x020F, 1, true },
	{ "callback_num_pres_ind", 0x0302, 1, false },
	{ "callback_num_atag", 0x0303, 0, false },
	{ "number_of_messages", 0x0304, 1, false },
	{ "callback_num", 0x0381, 0, false },
	{ "set_dpf", 0x0421, 1, false },
	{ "message_payload", 0x0424, 0, true },
	{ "more_messages_to_send", 0x0426, 1, false },
	{ "ussd_service_op", 0x0501, 1, false },
	{ "billing_identification", 0x060B, 0, false },
	{ "source_network_id", 0x060D, 0, false },
	{ "dest_network_id", 0x060E, 0, false },
	{ "source_node_id", 0x060F, 0, false },
	{ "dest_node_id", 0x0610, 0, false },
	{ "dest_addr_np_resolution", 0x0611, 1, false },
	{ "dest_addr_np_information", 0x0612, 0, false },
	{ "dest_addr_np_country", 0x0613, 0, false },
	{ "display_time", 0x1201, 1, false },
	{ "sms_signal", 0x1203, 2, false },
	{ "ms_validity", 0x1204, 1, false },
	{ "alert_on_message_delivery", 0x130C, 0, false },
	{ "its_reply_type", 0x1380, 1, false },
	{ "its_session_info", 0x1383, 2, false },
};

const struct tlv_name *tlv_named(const char *name)
{
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(names[i].name, name) == 0)
			return &names[i];
	return NULL;
}

const struct tlv_name *tlv_tagged(uint16_t tag)
{
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (names[i].tag == tag)
			return &names[i];
	return NULL;
}
