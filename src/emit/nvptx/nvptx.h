/* The NVPTX target's files among themselves. */
#ifndef GJ_EMIT_NVPTX_H
#define GJ_EMIT_NVPTX_H

#include "emit/nvptx/ptx.h"
#include "emit/ops.h"

enum {
	GJ_IN_NV_BEFORE = GJ_NINTRINS - 1,
#define INTRIN(id, name, sig, old, oldsig) GJ_IN_##id,
#include "emit/nvptx/intrinsics.def"
};

enum { GJ_NV_GLOBAL = 1 };                     /* LLVM's number of the address space */

/* report.c: hooks of gj_backend. */
void gj_nv_report(gj_gen *, uint32_t site, gj_v lane, const gj_v *value, unsigned n);
void gj_nv_print(gj_gen *, uint32_t site, gj_v lane, const gj_v *value, unsigned n);

/* part_stores.c */
void gj_nv_part_stores(gj_unit *);

/* libdevice.c */
gj_emit_op gj_libdevice_any;                   /* LIBCALL */
gj_v gj_libdevice_call(gj_gen *, const gj_op *, int row, const gj_v *arg, unsigned n);
void gj_libdevice_link(gj_unit *);             /* if something of it is called */

/* numba_abi.c: the function around an exported one. */
void gj_nv_export(gj_unit *);

#endif
