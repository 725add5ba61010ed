/* Types of cuda.libdevice: what the row says, whatever numbers the arguments are. */
#include "infer/infer.h"

#include <string.h>

gj_known gj_infer_libdevice(gj_icall *c)
{
	const char *results = gj_libdevice_rows[c->arg].results;
	for (uint32_t i = 0; i < c->n; i++)
		gj_arg_number(c, i);
	return strlen(results) == 1 ? gj_just(gj_libdevice_type(*results)) : gj_pair(gj_libdevice_type(results[0]), gj_libdevice_type(results[1]));
}
