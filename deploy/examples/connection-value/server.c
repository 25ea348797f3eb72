/* SPDX-License-Identifier: Apache-2.0 */
/* server PORT: answers each connection with the edge.packet_id that came with it. */
#include <bpf/bpf.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	int values = bpf_obj_get("/sys/fs/bpf/connection_values");

	if (argc != 2 || values < 0) {
		fprintf(stderr, "usage: server PORT, while keep runs\n");
		return 2;
	}
	at.sin_port = htons(atoi(argv[1]));
	if (bind(listener, (struct sockaddr *)&at, sizeof(at)) || listen(listener, 8)) {
		perror("listening");
		return 1;
	}
	printf("listening\n");
	fflush(stdout);
	for (;;) {
		int connection = accept(listener, NULL, NULL);
		char request[128];
		__u64 value;

		if (connection < 0)
			return 1;
		if (read(connection, request, sizeof(request)) > 0) {
			if (bpf_map_lookup_elem(values, &connection, &value))
				dprintf(connection, "no edge.packet_id came with this connection\n");
			else
				dprintf(connection, "edge.packet_id %llu came with this connection\n", value);
		}
		close(connection);
	}
}
