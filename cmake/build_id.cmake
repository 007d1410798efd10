# Writes OUTPUT, a header with the commit that is built.
# cmake -DSOURCE=dir -DVERSION=x -DOUTPUT=file -P build_id.cmake
execute_process(COMMAND git -C ${SOURCE} rev-parse --short HEAD
  OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE failed ERROR_QUIET)
if(failed)
  set(commit unknown)
endif()
set(text "#pragma once\n#define SSB_VERSION \"${VERSION}\"\n#define SSB_BUILD_ID \"${commit}\"\n")
file(WRITE ${OUTPUT} "${text}")
