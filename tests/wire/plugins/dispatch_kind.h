// How a request has come to who asks, by Tomcat's names of the kinds.
#pragma once

#include <margay/request.h>

#include <string>

inline std::string kind_of(const margay::Request& request) {
  switch (request.dispatcher()) {
    case MARGAY_REQUEST:
      return "REQUEST";
    case MARGAY_FORWARD:
      return "FORWARD";
    case MARGAY_INCLUDE:
      return "INCLUDE";
    case MARGAY_ERROR_PAGE:
      return "ERROR";
    case MARGAY_ASYNC:
      return "ASYNC";
  }
  return "?";
}
