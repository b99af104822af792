// Walks the XML beside the schema.
#include "container/config/reader.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "container/config/quoted.h"
#include "container/config/suggestion.h"
#include "container/config/tomcat_names.h"
#include "container/config/value.h"
#include "container/config/xml.h"

namespace container {
namespace {

// `<A>, <B> and <C>`
std::string listed(const std::vector<std::string_view>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) text += i + 1 == names.size() ? " and " : ", ";
    text += tag(names[i]);
  }
  return text;
}

class Reader {
 public:
  Reader(const Element& schema, const Substitutions& substitutions, Report& report)
      : schema_(schema), substitutions_(substitutions), report_(report) {}

  void read_root(const XmlElement& xml, ConfigElement& into) {
    if (xml.name != schema_.name) {
      report_.error(at(xml.offset), "the root element is " + tag(xml.name) + ", where " +
                                        tag(schema_.name) + " must be");
      return;
    }
    read(xml, schema_, into, {});
  }

 private:
  SourcePosition at(std::size_t offset) const { return report_.source().position(offset); }

  // `passed_over`: an attribute that has already been understood.
  void read(const XmlElement& xml, const Element& schema, ConfigElement& into,
            std::string_view passed_over) {
    into.position = at(xml.offset);
    for (const XmlAttribute& attribute : xml.attributes) {
      if (attribute.name == passed_over || attribute.name.starts_with("xmlns")) continue;
      if (const Attribute* known = schema.find_attribute(attribute.name)) {
        store(schema, *known, attribute, into);
      } else {
        report_unknown_attribute(schema, attribute);
      }
    }
    fill_in(xml, schema, into);
    read_content(xml, schema, into);
    read_children(xml, schema, into);
  }

  // One text through `${}` into the field; `subject` begins the message about a bad one. Returns
  // where it came from, unless it could not be stored.
  std::optional<Origin> store_text(const XmlText& text, const Field& field, ConfigElement& into,
                                   const std::string& subject) {
    auto expansion = expand(text.value, substitutions_);
    if (!expansion) {
      const std::size_t offset = text.verbatim ? expansion.error().offset : 0;
      report_.error(at(text.offset + offset), subject + ": " + expansion.error().text);
      return std::nullopt;
    }
    const bool verbatim = text.verbatim && expansion->literal;
    const auto locate = [&](std::size_t offset) {
      return at(text.offset + (verbatim ? offset : 0));
    };
    if (const auto error = field.store(into, {expansion->text, locate})) {
      report_.error(locate(error->offset), subject + ": " + error->complaint);
      return std::nullopt;
    }
    return Origin{expansion->origin, at(text.offset), std::move(expansion->name)};
  }

  void store(const Element& schema, const Attribute& known, const XmlAttribute& attribute,
             ConfigElement& into) {
    auto origin = store_text(attribute.value, known.field, into,
                             "attribute " + in_quotes(known.name) + " of " + tag(schema.name));
    if (origin) into.origins.push_back({std::string(known.name), std::move(*origin)});
  }

  // What is absent: required, or the same as another attribute.
  void fill_in(const XmlElement& xml, const Element& schema, ConfigElement& into) {
    for (const Attribute& attribute : schema.attributes) {
      if (xml.find(attribute.name)) continue;
      if (attribute.field.required) {
        report_.error(into.position,
                      tag(schema.name) + " needs the attribute " + in_quotes(attribute.name));
      }
      const Attribute* leader = schema.find_attribute(attribute.field.follows);
      if (!leader || !find_origin(into, leader->name) || !xml.find(leader->name)) continue;
      const std::optional<std::string> value = leader->field.show(into);
      const SourcePosition place = position_of(into, leader->name);
      if (!value || attribute.field.store(into, {*value, [&](std::size_t) { return place; }})) {
        continue;
      }
      into.origins.push_back({std::string(attribute.name),
                              {Origin::Kind::attribute, place, std::string(leader->name)}});
    }
  }

  void read_content(const XmlElement& xml, const Element& schema, ConfigElement& into) {
    if (!schema.text) {
      for (const XmlText& text : xml.texts) {
        const std::size_t first = text.value.find_first_not_of(" \t\r\n");
        if (first == std::string_view::npos) continue;
        report_.error(at(text.offset + (text.verbatim ? first : 0)),
                      tag(schema.name) + " takes no text; values are attributes");
        return;
      }
      return;
    }
    std::string whole;
    for (const XmlText& text : xml.texts) whole += text.value;
    const bool single = xml.texts.size() == 1 && xml.texts.front().verbatim;
    const std::string_view value = trimmed(whole);
    const std::size_t start = xml.texts.empty() ? xml.offset : xml.texts.front().offset;
    const std::size_t skipped =
        single && !value.empty() ? static_cast<std::size_t>(value.data() - whole.data()) : 0;
    store_text({value, start + skipped, single}, *schema.text, into,
               "content of " + tag(schema.name));
  }

  void read_children(const XmlElement& xml, const Element& schema, ConfigElement& into) {
    std::map<const Child*, std::size_t> counts;
    for (const XmlElement& child : xml.children) {
      const Child* known = is_of_a_class(child) ? nullptr : schema.find_child(child.name);
      std::string_view passed_over;
      if (!known && child.name == "Valve") {
        known = find_valve(schema, child);
        passed_over = "className";
      }
      if (!known) {
        report_unknown_element(schema, child);
      } else if (++counts[known] > known->most) {
        report_too_many(*known, child, schema);
      } else {
        read(child, *known->element, known->attach(into), passed_over);
      }
    }
    for (const Child& child : schema.children) {
      if (counts[&child] >= child.least) continue;
      report_.error(into.position, tag(schema.name) + " needs " +
                                       (child.most == 1 ? "" : "at least one ") +
                                       tag(child.element->name));
    }
  }

  // Tomcat's own parts; a <Listener> without a class is one of the application.
  static bool is_of_a_class(const XmlElement& xml) {
    return xml.name == "Valve" || (xml.name == "Listener" && xml.find("className") != nullptr);
  }

  static const Child* find_valve(const Element& schema, const XmlElement& valve) {
    const XmlAttribute* class_name = valve.find("className");
    if (!class_name) return nullptr;
    for (const Child& child : schema.children) {
      if (!child.element->valve_class.empty() &&
          child.element->valve_class == class_name->value.value) {
        return &child;
      }
    }
    return nullptr;
  }

  void report_too_many(const Child& child, const XmlElement& xml, const Element& schema) {
    std::string why = "; " + std::string(child.too_many);
    if (child.too_many.empty()) why = "; " + tag(schema.name) + " takes only one";
    report_.error(at(xml.offset), "a second " + tag(child.element->name) + why);
  }

  void report_unknown_attribute(const Element& schema, const XmlAttribute& attribute) {
    const SourcePosition position = at(attribute.offset);
    const TomcatName* tomcat = find_tomcat_name(tomcat_attributes(), schema.name, attribute.name);
    if (tomcat && tomcat->refused) {
      report_.error(position,
                    "attribute " + in_quotes(attribute.name) + " of " + tag(schema.name) +
                        " is Tomcat's and not supported: " + std::string(tomcat->instead));
      return;
    }
    if (tomcat || (schema.name == "Connector" && attribute.name.starts_with("socket."))) {
      report_.warning(position,
                      "attribute " + in_quotes(attribute.name) + " of " + tag(schema.name) +
                          " is Tomcat's and has no effect: " +
                          std::string(tomcat ? tomcat->instead : "the system's own value holds"));
      return;
    }
    if (report_.is_full()) return report_.error(position, {});
    std::vector<std::string_view> legal;
    for (const Attribute& known : schema.attributes) legal.push_back(known.name);
    std::string hint = did_you_mean(attribute.name, legal);
    if (hint.empty()) hint = where_attribute_belongs(attribute.name);
    if (hint.empty() && legal.empty()) hint = "; it takes none";
    report_.error(position, "attribute " + in_quotes(attribute.name) + " is not known in " +
                                tag(schema.name) + hint);
  }

  // Elements that do have the attribute, unless it is so common that this would not help.
  std::string where_attribute_belongs(std::string_view name) const {
    std::vector<std::string_view> owners;
    visit_elements(schema_, [&](const Element& element) {
      if (element.find_attribute(name)) owners.push_back(element.name);
    });
    return owners.empty() || owners.size() > 3 ? "" : "; it belongs to " + listed(owners);
  }

  void report_unknown_element(const Element& schema, const XmlElement& xml) {
    const SourcePosition position = at(xml.offset);
    if (is_of_a_class(xml)) return report_class(schema, xml);
    if (const TomcatName* tomcat = find_tomcat_name(tomcat_elements(), schema.name, xml.name)) {
      report_.warning(position,
                      tag(xml.name) + " in " + tag(schema.name) +
                          " is Tomcat's and has no effect: " + std::string(tomcat->instead));
      return;
    }
    if (report_.is_full()) return report_.error(position, {});
    std::string hint = where_element_belongs(xml.name);
    if (hint.empty()) hint = what_element_was_meant(schema, xml.name);
    report_.error(position, tag(xml.name) + " is not known in " + tag(schema.name) + hint);
  }

  // The nearest name that is legal here, or else anywhere; or else all that are legal here.
  std::string what_element_was_meant(const Element& schema, std::string_view name) const {
    std::vector<std::string_view> legal;
    for (const Child& child : schema.children) legal.push_back(child.element->name);
    if (const std::string_view meant = nearest(name, legal); !meant.empty()) {
      return "; did you mean " + tag(meant) + "?";
    }
    std::vector<std::string_view> all;
    visit_elements(schema_, [&](const Element& element) { all.push_back(element.name); });
    if (const std::string_view meant = nearest(name, all); !meant.empty()) {
      return "; did you mean " + tag(meant) + where_element_belongs(meant).replace(0, 1, "?");
    }
    return "; it takes " + (legal.empty() ? std::string("no elements") : listed(legal));
  }

  std::string where_element_belongs(std::string_view name) const {
    std::vector<std::string_view> parents;
    visit_elements(schema_, [&](const Element& element) {
      if (element.find_child(name)) parents.push_back(element.name);
    });
    return parents.empty() ? "" : "; it belongs into " + listed(parents);
  }

  // <Valve> and <Listener>: the class says what was wanted.
  void report_class(const Element& schema, const XmlElement& xml) {
    const SourcePosition position = at(xml.offset);
    const XmlAttribute* class_name = xml.find("className");
    if (!class_name) {
      report_.error(position, tag(xml.name) + " needs the attribute 'className'");
      return;
    }
    const std::string_view whole = class_name->value.value;
    const std::string_view last = whole.substr(whole.rfind('.') + 1);
    std::string instead = "there are no Java classes here; filters go into <Filter>";
    if (const TomcatName* tomcat = find_tomcat_name(tomcat_classes(), xml.name, last)) {
      instead = tomcat->instead;
      if (tomcat->refused) {
        report_.error(position, in_quotes(last) + " in " + tag(schema.name) +
                                    " is Tomcat's and not supported: " + instead);
        return;
      }
    } else if (const std::string home = where_valve_belongs(whole); !home.empty()) {
      report_.error(position, in_quotes(last) + " is not known in " + tag(schema.name) + home);
      return;
    }
    report_.warning(position, in_quotes(last) + " in " + tag(schema.name) +
                                  " is Tomcat's and has no effect: " + instead);
  }

  std::string where_valve_belongs(std::string_view class_name) const {
    std::string_view element;
    visit_elements(schema_, [&](const Element& candidate) {
      if (candidate.valve_class == class_name) element = candidate.name;
    });
    return element.empty() ? std::string() : where_element_belongs(element);
  }

  const Element& schema_;
  const Substitutions& substitutions_;
  Report& report_;
};

}  // namespace

void read_elements(const Element& schema, const Substitutions& substitutions, Report& report,
                   ConfigElement& root) {
  const std::optional<XmlDocument> document = parse_xml(report.source(), report);
  if (document) Reader(schema, substitutions, report).read_root(document->root, root);
}

}  // namespace container
