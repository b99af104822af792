// The words of the command line, and which command they mean.
#pragma once

#include "container/commands/commands.h"

namespace container::commands {

// Understands the command line and obeys it; the exit status. Says what is wrong on stderr.
int obey(int argc, char** argv, BuiltIn built_in);

}  // namespace container::commands
