/* SPDX-License-Identifier: Apache-2.0 */
/* replay.h - with -DFUZZ_REPLAY a fuzz target is a program that tries the files it is given. */
#ifndef REPLAY_H
#define REPLAY_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

#ifdef FUZZ_REPLAY
int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		FILE *file = fopen(argv[i], "rb");
		static uint8_t octets[1 << 20];
		if (!file) {
			perror(argv[i]);
			return 1;
		}
		const size_t len = fread(octets, 1, sizeof octets, file);
		fclose(file);
		/* A copy of just that size, so that a step over its end is seen. */
		uint8_t *copy = malloc(len ? len : 1);
		if (!copy)
			abort();
		memcpy(copy, octets, len);
		LLVMFuzzerTestOneInput(copy, len);
		free(copy);
	}
	return 0;
}
#endif

#endif
