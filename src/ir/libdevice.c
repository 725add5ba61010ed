/* The rows of libdevice.def as data. */
#include "ir/ir.h"

const gj_libdevice_row gj_libdevice_rows[GJ_NLIBDEVICE] = {
#define LIBDEVICE(name, results, operands, params, how, value) { #name, results, operands, value },
#include "ir/libdevice.def"
};

const gj_type *gj_libdevice_type(char letter)
{
	switch (letter) {
	case 'd': return gj_scalar[GJ_F64];
	case 'f': return gj_scalar[GJ_F32];
	case 'l': return gj_scalar[GJ_I64];
	case 'h': return gj_scalar[GJ_I16];
	default:  return gj_scalar[GJ_I32];
	}
}
