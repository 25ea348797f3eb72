/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WAYS_H
#define WAYS_H

/* Where values are set and read; in the order of MetadataWaysIT.Place. */
enum place { PLACE_SET, PLACE_XDP, PLACE_INGRESS, PLACE_EGRESS, PLACE_NEXT, PLACE_TRACER, PLACE_SOCKET, PLACE_USER, PLACES };

enum outcome { RIGHT, ABSENT, WRONG, OUTCOMES };

#define AREA_BYTES 128

/* Whatever is shorter is not the test's: ARP, TCP's acknowledgements, ICMP. */
#define SHORTEST 601

#endif
