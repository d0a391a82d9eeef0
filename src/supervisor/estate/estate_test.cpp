#include "supervisor/estate/estate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bulkhead::supervisor {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::string_view kTitles =
    "en = \"a\"\nfr = \"b\"\nes = \"c\"\nar = \"d\"\nzh = \"e\"\nru = \"f\"\n";

std::string minimal(std::string_view services, std::string_view more = "") {
  return std::string("[estate]\nname = \"imo\"\ncontact = \"call\"\n[estate.title]\n")
      .append(kTitles)
      .append(
          "[sites.london]\nrole = \"primary\"\n[sites.geneva]\nrole = \"vault\"\n"
          "[gateway]\nhttps_port = 8443\ndomain = \"localhost\"\n"
          "[vault]\nsite = \"geneva\"\nurl = \"https://127.0.0.1:8444/\"\n"
          "repository = \"imo\"\n")
      .append(services)
      .append(more);
}

std::string service(std::string_view name, std::string_view keys) {
  return std::string("[services.")
      .append(name)
      .append("]\n")
      .append(keys)
      .append("[services.")
      .append(name)
      .append(".title]\n")
      .append(kTitles);
}

std::string web(std::string_view name, std::string_view keys = "") {
  return service(name, "program = \"bulkhead-" + std::string(name) + "\"\nhostnames = [\"" +
                           std::string(name) + ".localhost\"]\n" + std::string(keys));
}

std::string error_of(const std::string& text) {
  const auto estate = parse_estate(text, "estate.toml");
  if (estate) return "parsed";
  EXPECT_EQ(estate.error().kind(), ErrorKind::invalid);
  EXPECT_THAT(estate.error().message(), testing::StartsWith("estate.toml:"));
  return estate.error().message();
}

TEST(Estate, FillsInTheDefaults) {
  const auto estate = parse_estate(minimal(web("website")), "estate.toml");
  ASSERT_TRUE(estate) << estate.error().message();
  const ServiceConfig& website = estate->services.at(0);
  EXPECT_EQ(website.exposure, Exposure::public_);
  EXPECT_EQ(website.limits.memory_bytes_max, 512u << 20);
  EXPECT_EQ(website.backup.every, std::chrono::minutes(15));
  EXPECT_EQ(website.watch.files_changed_max, 50u);
  EXPECT_EQ(estate->vault.location(), "rest:https://127.0.0.1:8444/imo/");
  EXPECT_EQ(estate->https_origin("website.localhost"), "https://website.localhost:8443");
  EXPECT_EQ(estate->cleanroom_host("website"), "website.cleanroom.localhost");
}

TEST(Estate, ReadsTheExampleEstate) {
  const auto estate = read_estate(Path(BULKHEAD_SOURCE_DIR) / "estates/imo");
  ASSERT_TRUE(estate) << estate.error().message();
  EXPECT_EQ(estate->services.size(), 6u);
  EXPECT_THAT(estate->select({"group:web"}).value(),
              ElementsAre("gisis", "imodocs", "publications", "website"));
  EXPECT_EQ(estate->find("mail")->ports.size(), 2u);
  EXPECT_EQ(estate->rules.at(0).seal.size(), 4u);
}

TEST(Estate, OrdersServicesDependenciesFirst) {
  const auto estate =
      parse_estate(minimal(web("website", "depends_on = [\"gisis\"]\n") +
                           web("gisis", "depends_on = [\"accounts\"]\n") + web("accounts")),
                   "estate.toml");
  ASSERT_TRUE(estate) << estate.error().message();
  std::vector<std::string> names;
  for (const auto& each : estate->services) names.push_back(each.name);
  EXPECT_THAT(names, ElementsAre("accounts", "gisis", "website"));
}

TEST(Estate, SelectsServicesGroupsAndAllWithoutRepetition) {
  const auto estate = parse_estate(minimal(web("website", "group = \"web\"\n") +
                                           web("gisis", "group = \"web\"\n") + web("meetings")),
                                   "estate.toml");
  ASSERT_TRUE(estate) << estate.error().message();
  EXPECT_THAT(estate->select({"website", "group:web"}).value(), ElementsAre("website", "gisis"));
  EXPECT_EQ(estate->select({"all"}).value().size(), 3u);
  const auto none = estate->select({"webiste"});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().kind(), ErrorKind::not_found);
  EXPECT_THAT(none.error().message(), HasSubstr("its services are website, gisis, meetings"));
}

TEST(Estate, CircleOfDependenciesIsNamed) {
  EXPECT_THAT(
      error_of(minimal(web("a", "depends_on = [\"b\"]\n") + web("b", "depends_on = [\"a\"]\n"))),
      HasSubstr("services.a.depends_on: makes a circle: a -> b -> a"));
}

struct Mistake {
  const char* name;
  std::string text;
  const char* message;
};

class EstateMistake : public testing::TestWithParam<Mistake> {};

TEST_P(EstateMistake, IsNamedWithKeyAndWhatIsAllowed) {
  EXPECT_THAT(error_of(GetParam().text), HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    All, EstateMistake,
    testing::Values(
        Mistake{"Empty", "", "estate is missing: it must be a table [estate]"},
        Mistake{"Exposure", minimal(web("website", "exposure = \"open\"\n")),
                "services.website.exposure: \"open\" is not allowed; use one of public, "
                "read-only, members, operators, sealed"},
        Mistake{"UnknownKey", minimal(web("website", "exposre = \"sealed\"\n")),
                "services.website.exposre: is not a known key; did you mean \"exposure\"?"},
        Mistake{"NoHost", minimal(service("website", "program = \"p\"\n")),
                "an http service has one of hostnames or more"},
        Mistake{"ForeignHost",
                minimal(service("website", "program = \"p\"\nhostnames = [\"example.org\"]\n")),
                "\"example.org\" must be a host name in lower case below \"localhost\""},
        Mistake{"HostTwice",
                minimal(web("website") +
                        service("b", "program = \"p\"\nhostnames = [\"website.localhost\"]\n")),
                "services.b.hostnames: \"website.localhost\" is taken already"},
        Mistake{"HostOfStatusPage",
                minimal(service("b", "program = \"p\"\nhostnames = [\"status.localhost\"]\n")),
                "\"status.localhost\" is taken already"},
        Mistake{"ProgramAndCommand", minimal(web("website", "command = [\"/bin/true\"]\n")),
                "needs either program (a file beside bulkheadd) or command"},
        Mistake{"ProgramOutside",
                minimal(service("b", "program = \"../sh\"\nhostnames = [\"b.localhost\"]\n")),
                "\"../sh\" must be a file name"},
        Mistake{"PassOnTcp",
                minimal(service("m",
                                "kind = \"tcp\"\nprogram = \"p\"\nexposure = \"members\"\n"
                                "[[services.m.port]]\nname = \"imap\"\nport = 993\n"
                                "socket = \"imap.sock\"\n")),
                "\"members\" is not allowed; use one of public, sealed"},
        Mistake{"PortTwice",
                minimal(service("m",
                                "kind = \"tcp\"\nprogram = \"p\"\n[[services.m.port]]\n"
                                "name = \"imap\"\nport = 8443\nsocket = \"imap.sock\"\n")),
                "8443 is used twice"},
        Mistake{
            "PortNameTwice",
            minimal(service("m",
                            "kind = \"tcp\"\nprogram = \"p\"\n[[services.m.port]]\n"
                            "name = \"imap\"\nport = 1\nsocket = \"a.sock\"\n[[services.m.port]]\n"
                            "name = \"imap\"\nport = 2\nsocket = \"imap.sock\"\n")),
            "services.m.port[1].name: \"imap\" is another port"},
        Mistake{"SocketTwice",
                minimal(service(
                    "m",
                    "kind = \"tcp\"\nprogram = \"p\"\n[[services.m.port]]\n"
                    "name = \"smtp\"\nport = 1\nsocket = \"imap.sock\"\n[[services.m.port]]\n"
                    "name = \"imap\"\nport = 2\nsocket = \"imap.sock\"\n")),
                "services.m.port[1].socket: \"imap.sock\" is the socket of port smtp"},
        Mistake{"MountOfTheVault",
                minimal(web("website") + "[[services.website.mount]]\nfrom = \"vault/data\"\n"
                                         "to = \"/config/v\"\n"),
                "\"vault/data\" must be a path inside the estate's folder"},
        Mistake{"MountOverItsConfiguration",
                minimal(web("website") + "[[services.website.mount]]\nfrom = \"x\"\n"
                                         "to = \"/config/website.toml\"\n"),
                "\"/config/website.toml\" is taken"},
        Mistake{"SocketPath",
                minimal(service("m",
                                "kind = \"tcp\"\nprogram = \"p\"\n[[services.m.port]]\n"
                                "name = \"imap\"\nport = 1\nsocket = \"../x.sock\"\n")),
                "is not of the form \"name.sock\""},
        Mistake{"CanaryOutside", minimal(web("website", "canaries = [\"../../etc/passwd\"]\n")),
                "must be a path inside the dataset"},
        Mistake{"MountOfSecrets",
                minimal(web("website") + "[[services.website.mount]]\nfrom = \"secrets/ca.key\"\n"
                                         "to = \"/config/ca.key\"\n"),
                "in none of bulkheadd's own folders (secrets,"},
        Mistake{"MountOverData",
                minimal(web("website") + "[[services.website.mount]]\nfrom = \"x\"\n"
                                         "to = \"/data/x\"\n"),
                "must be a path below /config/ or /program/"},
        Mistake{"Memory", minimal(web("website") + "[services.website.limits]\nmemory = \"1MB\"\n"),
                "services.website.limits.memory: is not a size"},
        Mistake{"LittleMemory",
                minimal(web("website") + "[services.website.limits]\nmemory = \"1KiB\"\n"),
                "must be at least 16MiB"},
        Mistake{"NameOfService",
                minimal(service("\"../x\"", "program = \"p\"\nhostnames = [\"b.localhost\"]\n")),
                "a service's name is lower-case letters"},
        Mistake{"Dependency", minimal(web("website", "depends_on = [\"nothing\"]\n")),
                "services.website.depends_on: \"nothing\" is no service of this estate"},
        Mistake{"RuleIndicator",
                minimal(web("website"),
                        "[[rule]]\nwhen = [\"canery\"]\non = [\"all\"]\n"
                        "seal = [\"all\"]\n"),
                "\"canery\" is no indicator; use canary, entropy or mass-change"},
        Mistake{"RuleGroup",
                minimal(web("website"),
                        "[[rule]]\nwhen = [\"canary\"]\non = [\"group:wed\"]\n"
                        "seal = [\"all\"]\n"),
                "\"group:wed\" is no service and no group"},
        Mistake{"RuleWithoutSeal",
                minimal(web("website"), "[[rule]]\nwhen = [\"canary\"]\non = [\"all\"]\n"),
                "must name at least one service"}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(Estate, MistakesOfSitesGatewayAndVaultAreNamed) {
  std::string text = minimal(web("website"));
  const auto with = [&](std::string_view from, std::string_view to) {
    std::string changed = text;
    changed.replace(changed.find(from), from.size(), to);
    return error_of(changed);
  };
  EXPECT_THAT(with("role = \"primary\"", "role = \"vault\""),
              HasSubstr("exactly one site with role \"primary\", not 0"));
  EXPECT_THAT(with("site = \"geneva\"", "site = \"london\""),
              HasSubstr("vault.site: \"london\" is not allowed; use one of geneva"));
  EXPECT_THAT(with("https://127.0.0.1:8444/", "http://127.0.0.1:8444/"),
              HasSubstr("is not of the form \"https://host:port/\""));
  EXPECT_THAT(with("https_port = 8443", "https_port = 84430"),
              HasSubstr("gateway.https_port: 84430 is out of range"));
  EXPECT_THAT(with("https_port = 8443", "https_port = 8443\naddress = \"here\""),
              HasSubstr("\"here\" is no IP address"));
  EXPECT_THAT(with("ar = \"d\"\n", ""), HasSubstr("estate.title.ar is missing"));
  EXPECT_THAT(with("contact = \"call\"", "contact = \"\""),
              HasSubstr("estate.contact: must be one line of 1 to 500 bytes"));
  EXPECT_THAT(with("contact = \"call\"", "contact = \"a\\nb\""),
              HasSubstr("estate.contact: must be"));
  EXPECT_THAT(with("8444/\"", "8443/\"\nrun_here = true"),
              HasSubstr("vault.url: 8443 is the gateway's port"));
  EXPECT_THAT(with("https_port = 8443", "https_port = 8443\nhttp_port = 8443"),
              HasSubstr("gateway.http_port: must be another one"));
}

}  // namespace
}  // namespace bulkhead::supervisor
