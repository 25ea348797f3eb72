// SPDX-License-Identifier: Apache-2.0
/* Listens on a packet socket for every frame, as tcpdump does, until it is ended. */
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

int main(void)
{
	if (socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL)) < 0) {
		perror("socket");
		return 1;
	}
	puts("listening");
	fflush(stdout);
	pause();
	return 0;
}
