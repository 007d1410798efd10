# Intel's multi-buffer library (Debian: libipsec-mb-dev), which has neither a CMake package nor a pkg-config file: target IPsecMb::IPsecMb.
# x86-64 alone; without it AES-GCM is OpenSSL's.
find_path(IPsecMb_INCLUDE_DIR intel-ipsec-mb.h)
find_library(IPsecMb_LIBRARY IPSec_MB)
mark_as_advanced(IPsecMb_INCLUDE_DIR IPsecMb_LIBRARY)
if(IPsecMb_INCLUDE_DIR)
  file(STRINGS ${IPsecMb_INCLUDE_DIR}/intel-ipsec-mb.h IPsecMb_VERSION REGEX "^#define IMB_VERSION_STR ")
  string(REGEX REPLACE ".*\"([0-9.]+).*" "\\1" IPsecMb_VERSION "${IPsecMb_VERSION}")
endif()
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(IPsecMb REQUIRED_VARS IPsecMb_LIBRARY IPsecMb_INCLUDE_DIR VERSION_VAR IPsecMb_VERSION)
if(IPsecMb_FOUND AND NOT TARGET IPsecMb::IPsecMb)
  add_library(IPsecMb::IPsecMb UNKNOWN IMPORTED)
  set_target_properties(IPsecMb::IPsecMb PROPERTIES
    IMPORTED_LOCATION ${IPsecMb_LIBRARY} INTERFACE_INCLUDE_DIRECTORIES ${IPsecMb_INCLUDE_DIR})
endif()
