# Compiles the generated type support of message packages a library at a time, not a message at a time: most of the
# processor time of the workspace's build went into reading the same headers again. Two libraries stay as they are:
# rosidl_generator_c has static variables of the same names for every message, and introspection_cpp specialises a
# template for a message after another message has used it.
function(_compile_typesupport_at_once)
  get_property(targets DIRECTORY PROPERTY BUILDSYSTEM_TARGETS)
  foreach(target IN LISTS targets)
    get_target_property(type ${target} TYPE)
    if(type MATCHES "_LIBRARY$" AND target MATCHES "__rosidl_typesupport_(c|cpp|fastrtps_c|fastrtps_cpp|introspection_c)$")
      set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 0)
      target_compile_options(${target} PRIVATE -Wno-redundant-decls)
    endif()
  endforeach()
endfunction()
cmake_language(DEFER CALL _compile_typesupport_at_once)
