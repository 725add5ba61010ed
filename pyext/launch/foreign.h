/* Arrays of other libraries. */
#ifndef GJ_FOREIGN_H
#define GJ_FOREIGN_H

#include "launch/leaves.h"

/* How a class of arguments is read. `aux`: what classify found out (a DLPack table …). */
typedef struct gj_reader gj_reader;
struct gj_reader {
	PyTypeObject *cls;
	bool (*read)(gj_args *, PyObject *, const void *aux);
	void *aux;
	bool plain;                                /* nobody else's code runs meanwhile */
};
/* An array on a GPU as a launch found it. */
typedef struct gj_view { const gj_type *elem; int ndim; gj_devptr data; int64_t shape[GJ_MAX_NDIM], strides[GJ_MAX_NDIM] /* in items */; } gj_view;

/* Notes what was read by this reader; false: it cannot be known again by asking for less. */
bool gj_foreign_view(const gj_reader *, const gj_arg *, gj_view *out);
/* Would the reader find that on the device? false too where it would refuse, and with an exception. */
bool gj_foreign_same(const gj_reader *, PyObject *, gj_device *, const gj_view *);
/* The stream that the library works on; NULL in *out: the default. false: exception. */
bool gj_foreign_stream(const gj_reader *, gj_device *, gj_stream **out);
/* Fills read and aux for a foreign array class; read stays NULL when the object is none. false: exception. */
bool gj_foreign_classify(PyObject *, gj_reader *);

#endif
