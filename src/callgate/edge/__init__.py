"""The edge: Kamailio's configuration, its process, and the link to it. SIP itself is Kamailio's alone."""
