/* Threads that know themselves by their places in the grid alone (places.c). */
#ifndef GJ_PLACES_H
#define GJ_PLACES_H

#include "ir/ir.h"

/* Axes along which threads ask for their place (bits), if that is all they know of themselves; 0: it is not. */
uint32_t gj_place_axes(const gj_fn *);
/* Do all accesses go along with the lanes, and is there no long loop? After gj_divergence. */
bool gj_follows_lanes(const gj_fn *);
/* Makes special registers of places; f->places. */
void gj_name_places(gj_fn *);
/* The same for a loop over the grid that a kernel begins with, where blocks are rows along x of whole vectors. */
void gj_name_places_of_part(gj_fn *, uint32_t facts);

#endif
