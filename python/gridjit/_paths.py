"""Paths of numba's that programs import from, and what is there: `name=module.attribute` of gridjit, or a name that is not supported with
what stands in its place, a class of absent.py (`name:Decorator`)."""

_TYPING = "signature=typing.signature typeof=typing.typeof"
_DISPATCHERS = "CPUDispatcher=jitting.CPUDispatcher Dispatcher=_core.Dispatcher cpu_target:Absent"
_REGISTRARS = """box:Registrar infer:Registrar infer_getattr:Registrar infer_global:Registrar lower_builtin:Registrar lower_cast:Registrar
	lower_constant:Registrar lower_getattr:Registrar lower_getattr_generic:Registrar lower_setattr:Registrar lower_setattr_generic:Registrar
	make_attribute_wrapper=absent.nothing models=absent.models overload_classmethod:Registrar
	register_model:Registrar reflect:Registrar type_callable:Registrar typeof_impl:Registrar unbox:Registrar NativeValue:refusing
	intrinsic:Decorator"""


def _of_cuda(names):
	return " ".join(f"{name}=cuda.{name}" for name in names.split())


PATHS = {
	"": "deferred_type=absent.deferred_type gdb:Absent gdb_breakpoint:Absent gdb_init:Absent generated_jit:Decorator jitclass:Decorator",
	"core.cgutils": "",
	"core.ccallback": "CFunc=ffi.CFunc",
	"core.decorators": "cfunc=ffi.cfunc jit=jitting.jit jit_module=jitting.jit_module njit=jitting.njit",
	"core.dispatcher": _DISPATCHERS,
	"core.extending": f"{_REGISTRARS} overload=overloading.overload overload_method=overloading.overload_method overload_attribute=overloading.overload_attribute register_jitable=extending.register_jitable",
	"core.imputils": f"{_REGISTRARS} impl_ret_borrowed:Absent impl_ret_new_ref:Absent impl_ret_untracked:Absent",
	"core.registry": _DISPATCHERS,
	"core.runtime": "nrt:Absent",
	"core.typing": _TYPING,
	"core.typing.cffi_utils": "register_module=absent.nothing register_type=absent.nothing",
	"core.typing.templates": f"{_TYPING} {_REGISTRARS} AbstractTemplate:refusing AttributeTemplate:refusing CallableTemplate:refusing ConcreteTemplate:refusing",
	"core.typing.typeof": "typeof=typing.typeof",
	"core.unsafe": "",
	"core.unsafe.nrt": "NRT_get_api:Absent",
	"cpython": "",
	"cpython.unsafe": "",
	"cpython.unsafe.tuple": "tuple_setitem=_unsafe.tuple_setitem",
	"cuda.api": _of_cuda("""as_cuda_array close cuda_error current_context declare_device default_stream defer_cleanup detect device_array device_array_like
		event event_elapsed_time external_stream from_cuda_array_interface get_current_device gpus is_available is_bfloat16_supported is_cuda_array
		is_float16_supported is_fp8_supported is_supported_version legacy_default_stream list_devices managed_array mapped mapped_array mapped_array_like
		open_ipc_array per_thread_default_stream pinned pinned_array pinned_array_like profile_start profile_stop profiling require_context
		select_device stream synchronize to_device"""),
	"cuda.decorators": _of_cuda("declare_device jit"),
	"cuda.intrinsics": _of_cuda("grid gridsize shfl_down_sync shfl_sync shfl_up_sync shfl_xor_sync syncthreads syncthreads_and syncthreads_count syncthreads_or"),
	"cuda.kernels": "",
	"cuda.kernels.reduction": _of_cuda("Reduce reduce"),
	"cuda.misc": "",
	"cuda.misc.special": "literal_unroll=_unroll.literal_unroll literally=_unroll.literally typeof=typing.typeof",
	"cuda.typing": _TYPING,
	"experimental": "jitclass:Decorator",
	"experimental.structref": """define_attributes=absent.nothing define_boxing=absent.nothing define_constructor=absent.nothing
		define_proxy=absent.nothing new:Absent register:Registrar StructRefProxy=absent.StructRefProxy""",
	"extending": f"{_REGISTRARS} get_cython_function_address=ffi.get_cython_function_address",
	"misc": "",
	"misc.special": "gdb:Absent gdb_breakpoint:Absent gdb_init:Absent literal_unroll=_unroll.literal_unroll literally=_unroll.literally prange=parallel.prange pndindex=parallel.pndindex typeof=typing.typeof",
	"np.linalg": "_LAPACK:refusing",
	"np.ufunc": """DUFunc=_core.UFunc GUVectorize:refusing Vectorize:refusing get_num_threads=parallel.get_num_threads
		guvectorize=ufuncs.guvectorize set_num_threads=parallel.set_num_threads vectorize=ufuncs.vectorize""",
	"np.ufunc.gufunc": "GUFunc=_core.UFunc",
	"np.unsafe": "",
	"np.unsafe.ndarray": "to_fixed_tuple=_unsafe.to_fixed_tuple",
	"pycc": "CC:refusing",
	"targets": "",
	"targets.imputils": f"{_REGISTRARS} impl_ret_borrowed:Absent impl_ret_new_ref:Absent impl_ret_untracked:Absent",
	"targets.registry": _DISPATCHERS,
	"typed": "Dict=absent.Dict List=absent.List",
	"typed.typeddict": "Dict=absent.Dict",
	"typed.typedlist": "List=absent.List",
}
