/* What happens to arguments once they are read. */
#ifndef GJ_TRANSFER_H
#define GJ_TRANSFER_H

#include "launch/leaves.h"

/* Facts (GJ_FACT_…) that hold for these arguments; call after gj_args_place. */
uint32_t gj_args_facts(const gj_args *);
/* Can this argument be passed where an explicit signature has that type? */
bool gj_args_fit(const gj_type *given, const gj_type *want);
/* Convert to the types of an explicit signature (n of them, as many as arguments). false: it cannot be done; no
 * exception, nothing changed. */
bool gj_args_convert(gj_args *, const gj_type *const *to);
/* Does a launch of so many threads of this kernel reach its host arrays so seldom, and change one, that they are best left with the
 * host? Asked before gj_args_place of what was launched last (a->near), and gj_args_near of what will be. */
bool gj_args_stay_near(const gj_args *, const gj_image *, double threads);
/* Give host arrays a place on the device and copy them there. To be called where nhost or nkeep is not 0. */
bool gj_args_place(gj_args *, gj_stream *);
/* Once it is known what the kernel writes: arrays that are used in place and must not change get a copy; *moved: there
 * are such, and facts may no longer hold. */
bool gj_args_shield(gj_args *, const gj_image *, bool *moved);
/* Sends arrays that were left with the host to the device after all. */
bool gj_args_send(gj_args *);
/* Are all arrays that are used in place still what was read? To be called right before the launch. */
bool gj_args_in_place(const gj_args *);
/* Copy back what the kernel may have written and free the copies. Without `ok` only frees. */
bool gj_args_return(gj_args *, gj_stream *, const gj_image *, bool ok);

#endif
