// The composition root: the only file that names everything.
#include "container/commands/command_line.h"
#include "endpoints/builtin.h"
#include "filters/builtin.h"

int main(int argc, char** argv) {
  return container::commands::obey(argc, argv,
                                   {container::Plugin::built_in(*endpoints::builtin()),
                                    container::Plugin::built_in(*filters::builtin())});
}
