-- How often somebody's rights at the broker were changed: a token, a gateway, a name in topics. A running server looks whether it is the
-- same. Whoever counts it up holds the row until the change stands, so the audit's rows of these changes become visible in their order.
CREATE TABLE rights_version (version BIGINT NOT NULL);
INSERT INTO rights_version (version) VALUES (0);
