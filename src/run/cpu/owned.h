/* Memory of arrays that compiled functions make, counted by how many hold it. */
#ifndef GJ_OWNED_H
#define GJ_OWNED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What stands before the first byte, which is aligned to 64; the address of that byte is the owner. */
typedef struct gj_owned {
	struct gj_owned *next, *before;            /* what the thread's calls have made and not given away; NULL: it was */
	int64_t count;
	void   *raw;
	size_t  mapped;                            /* 0: malloc() made it; else large.c, as many bytes */
	uint64_t unused[3];
} gj_owned;

/* Memory that is nobody's but Python's, held once; 0: there is none. */
uint64_t gj_owned_new(size_t bytes);
/* It is nobody's but Python's from now on: no call that fails frees it. */
void gj_owned_give(uint64_t owner);
void gj_owned_release(uint64_t owner);
/* Frees what was linked in front of `mark`. */
void gj_owned_drop(gj_owned *list, gj_owned *mark);
/* The memory goes from the list into another one, if it was linked in front of `mark`. */
void gj_owned_move(gj_owned *list, const gj_owned *mark, uint64_t owner, gj_owned *to);
/* How many there are in the process. */
int64_t gj_owned_live(void);

#endif
