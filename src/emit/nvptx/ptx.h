/* What is known of PTX without LLVM's headers. */
#ifndef GJ_PTX_H
#define GJ_PTX_H

/* Least PTX version of an sm, and whether this LLVM knows it: 0 when it does not. */
int gj_ptx_minimum(int cc_major, int cc_minor);

#endif
