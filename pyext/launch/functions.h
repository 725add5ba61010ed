/* Functions as arguments: a type for each, by what it does. */
#ifndef GJ_LAUNCH_FUNCTIONS_H
#define GJ_LAUNCH_FUNCTIONS_H

#include "launch/capture.h"

/* What is known of the arguments of a compilation: the functions among them, frozen. −1: exception. */
int gj_functions_freeze(gj_arena *, gj_captures *, gj_request *);
/* Freezes the function that the request is about, and the functions among its arguments; overloaded functions have the implementations that
 * the request's types ask for. −1: exception. */
int gj_freeze_request(PyObject *function, gj_arena *, gj_captures *, gj_request *);
/* Freezes for a device: its own arrays are taken by their address; then nothing is said of whether arrays overlap. −1: exception. */
int gj_freeze_for(gj_device *, PyObject *function, gj_arena *, gj_request *, gj_outside *);
int gj_functions_init(PyObject *module);                     /* arguments may be functions from now on */

#endif
