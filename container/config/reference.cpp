// Writes the schema out for people.
#include "container/config/reference.h"

#include <algorithm>
#include <map>
#include <span>
#include <vector>

#include "container/config/schema.h"
#include "container/config/tomcat_names.h"

namespace container {
namespace {

constexpr std::string_view introduction = R"(# Configuration reference

This file is generated from the schema that reads the configuration (`container/config/`): `configuration-doc`
prints it, and a test fails when it is out of date.

`conf/server.xml` describes the server, `app.xml` in an application's folder describes that application. Names are
Tomcat's wherever the meaning is Tomcat's; the column *Tomcat* says where a name or a default differs.

An element or attribute that is not listed here is an error with file, line and column. Names that Tomcat has and this
server has not are listed at the end; they are warned about and have no effect, or are errors where a server
without them would be less safe than it seems.

## Values

| Type | Written as |
|---|---|
| text | Any characters. |
| path | A file or folder; relative ones as the attribute says. |
| boolean | `true` or `false`. |
| integer | Digits, within the range given. |
| size | Bytes, or a number with `KB`, `MB`, `GB` (thousands) or `KiB`, `MiB`, `GiB`. |
| time | Milliseconds, or a number with `ms`, `s`, `min`, `h` or `d`. |
| list | Words separated by commas or white space. |

`${name}` in a value or text is replaced by what `-Dname=...` says, or else by the environment variable `name`;
`${name:-default}` has a default, and without one an unknown name is an error. `${name?then:else}` is one of two texts:
`then` where the name has a value that is not empty. `${margay.bin}` is the folder of the server's program. A replaced
value is not looked at again. `$$` stands for one `$`. Files are UTF-8, at most 1 MiB, without document type declarations.

The name of a folder in `appBase` says the application's context path: `ROOT` is the root, `a#b` is `/a/b`, and
`a##2` is version 2 of `/a`.
)";

std::string cell(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '|') result += '\\';
    result += c;
  }
  return result;
}

std::string code(std::string_view text) { return '`' + std::string(text) + '`'; }

std::string code_tag(std::string_view name) { return "`<" + std::string(name) + ">`"; }

std::string fallback_words(const Attribute& attribute, const ConfigElement& fresh) {
  if (attribute.field.required) return "required";
  if (!attribute.field.otherwise.empty()) return cell(attribute.field.otherwise);
  if (!attribute.field.follows.empty()) return "as " + code(attribute.field.follows);
  const std::optional<std::string> value = attribute.field.show(fresh);
  return value ? code(cell(*value)) : "none";
}

std::string tomcat_words(const Tomcat& tomcat) {
  std::string text;
  if (tomcat.name == "none") {
    text = "not there";
  } else if (!tomcat.name.empty()) {
    const bool prose = tomcat.name.find(' ') != std::string_view::npos;
    text = prose ? std::string(tomcat.name) : code(tomcat.name);
  }
  if (!tomcat.fallback.empty()) {
    text += (text.empty() ? "" : "; ") + ("default " + std::string(tomcat.fallback));
  }
  return cell(text);
}

std::string child_words(const Child& child) {
  std::string text = code_tag(child.element->name);
  if (child.least == 1 && child.most == 1) text += " (exactly one)";
  if (child.least == 0 && child.most == 1) text += " (at most one)";
  if (child.least == 1 && child.most != 1) text += " (at least one)";
  return text;
}

using Parents = std::map<std::string_view, std::vector<std::string_view>>;

void describe(const Element& element, const Parents& parents, std::string& out) {
  out += "\n### " + std::string(element.name) + "\n\n" + std::string(element.meaning) + "\n\n";
  if (const auto found = parents.find(element.name); found != parents.end()) {
    out += "- Stands in ";
    for (std::size_t i = 0; i < found->second.size(); ++i) {
      out += (i == 0 ? "" : ", ") + code_tag(found->second[i]);
    }
    out += ".\n";
  }
  if (!element.children.empty()) {
    out += "- Takes ";
    for (std::size_t i = 0; i < element.children.size(); ++i) {
      out += (i == 0 ? "" : ", ") + child_words(element.children[i]);
    }
    out += ".\n";
  }
  if (!element.tomcat.empty()) out += "- In Tomcat: " + std::string(element.tomcat) + ".\n";
  if (element.attributes.empty()) return;

  out += "\n| Attribute | Type | Default | Meaning | Tomcat |\n|---|---|---|---|---|\n";
  const auto fresh = element.make();
  for (const Attribute& attribute : element.attributes) {
    out += "| " + code(attribute.name) + " | " + cell(attribute.field.type) + " | " +
           fallback_words(attribute, *fresh) + " | " + cell(attribute.meaning) + " | " +
           tomcat_words(attribute.tomcat) + " |\n";
  }
}

void describe(std::string_view title, std::span<const TomcatName> names, std::string& out) {
  out += "\n### " + std::string(title) + "\n\n| Where | Name | Here |\n|---|---|---|\n";
  for (const TomcatName& name : names) {
    out += "| " + (name.element == "*" ? "anywhere" : code_tag(name.element)) + " | " +
           code(name.name) + " | " + (name.refused ? "an error: " : "") + cell(name.instead) +
           " |\n";
  }
}

}  // namespace

std::string configuration_reference() {
  std::string out(introduction);
  const auto server = server_schema();
  const auto application = application_schema();

  Parents parents;
  const auto note_children = [&](const Element& element) {
    for (const Child& child : element.children) {
      auto& list = parents[child.element->name];
      if (list.empty() || list.back() != element.name) list.push_back(element.name);
    }
  };
  visit_elements(*server, note_children);
  for (const Child& child : application->children) {
    parents[child.element->name].push_back(application->name);
  }

  std::vector<std::string_view> of_application;
  visit_elements(*application,
                 [&](const Element& element) { of_application.push_back(element.name); });
  const auto is_of_application = [&](const Element& element) {
    return std::find(of_application.begin(), of_application.end(), element.name) !=
           of_application.end();
  };

  out += "\n## server.xml\n";
  visit_elements(*server, [&](const Element& element) {
    if (!is_of_application(element)) describe(element, parents, out);
  });
  out += "\n## app.xml\n";
  visit_elements(*application, [&](const Element& element) { describe(element, parents, out); });
  out += "\n## Tomcat's names without effect\n";
  describe("Attributes", tomcat_attributes(), out);
  describe("Elements", tomcat_elements(), out);
  describe("Classes of `<Valve>`, `<Listener>` and `<Filter>`", tomcat_classes(), out);
  return out;
}

}  // namespace container
